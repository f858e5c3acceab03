import type { RegistryEvents } from '../events.ts';
import type { QuartermasterDb } from '../tables.ts';

/** What the handlers work with. */
export interface RegistryContext {
  readonly db: QuartermasterDb;
  readonly events: RegistryEvents;
  /** Length of an instance's lease, milliseconds; it renews after a third of it. */
  readonly instanceLeaseMs: number;
}
