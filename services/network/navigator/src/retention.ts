import type { Clock } from '@frameworks/std';
import { deleteEndedCertificates } from './certificates/certificate-store.ts';
import type { NavigatorEvents } from './events.ts';
import { deleteEndedJoinTokens } from './join-tokens/join-token-store.ts';
import type { NavigatorDb } from './tables.ts';

export interface RetentionDeps {
  readonly db: NavigatorDb;
  readonly clock: Clock;
  readonly events: NavigatorEvents;
  /** How long records are kept after their end, milliseconds. */
  readonly retentionMs: number;
}

/** Rows per statement: milliseconds of work, so that joins and renewals never wait for it. */
const batchSize = 500;
/** Of one kind per turn; what is left after a long pause is for the next turns. */
const mostBatches = 20;

/**
 * Removes the records of certificates and join tokens that ended longer than the retention ago. Certificates first: they refer to
 * the token that gave them. Several Navigators may do this at once.
 */
export async function removeEndedRecords(deps: RetentionDeps, signal: AbortSignal): Promise<void> {
  const { db, clock, events, retentionMs } = deps;
  const endedBeforeMs = clock.now() - retentionMs;
  const certificates = await inBatches((limit) => deleteEndedCertificates(db, endedBeforeMs, limit), signal);
  const joinTokens = await inBatches((limit) => deleteEndedJoinTokens(db, endedBeforeMs, limit), signal);
  if (certificates + joinTokens > 0) events.recordsRemoved({ certificates, joinTokens });
}

async function inBatches(remove: (limit: number) => Promise<number>, signal: AbortSignal): Promise<number> {
  let total = 0;
  for (let batch = 0; batch < mostBatches && !signal.aborted; batch++) {
    const removed = await remove(batchSize);
    total += removed;
    if (removed < batchSize) break;
  }
  return total;
}
