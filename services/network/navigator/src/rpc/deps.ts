import type { Kysely } from 'kysely';
import type { IssuanceDeps } from '../certificates/issuance.ts';
import type { NavigatorTables } from '../tables.ts';
import type { Admission } from './admission.ts';
import type { AttemptLimit } from './attempt-limit.ts';

/** What the handlers share, built once. */
export interface RpcDeps extends IssuanceDeps {
  readonly db: Kysely<NavigatorTables>;
  readonly trustDomain: string;
  readonly newId: () => string;
  readonly admission: Admission;
  readonly attempts: AttemptLimit;
}
