import { ServiceError } from '@frameworks/kit/errors';
import { type Clock, retry, systemClock } from '@frameworks/std';
import { type IsolationLevel, type Kysely, Transaction } from 'kysely';

export interface TransactionOptions {
  /** Default `read committed`; from `repeatable read` on expect conflicts, which are retried. */
  isolation?: IsolationLevel;
  /** How often to try in total. Default 5. */
  attempts?: number;
  clock?: Clock;
  signal?: AbortSignal;
}

/**
 * Runs `work` in one transaction and commits it; rolls back when it throws. A conflict with another transaction (serialization
 * failure, deadlock) runs it again from the start after a random pause, so `work` must have no effect outside of the database.
 * Within a transaction it joins that one. Rejects with what `work` throws, ABORTED after the last attempt, or UNKNOWN
 * `COMMIT_OUTCOME_UNKNOWN`.
 */
export function inTransaction<DB, T>(
  db: Kysely<DB>,
  work: (tx: Transaction<DB>) => Promise<T>,
  options: TransactionOptions = {},
): Promise<T> {
  // The conflict has already doomed an outer transaction, so only the outermost can try again.
  if (db instanceof Transaction) return work(db);
  const { isolation = 'read committed', attempts = 5, clock = systemClock, signal } = options;
  return retry(() => db.transaction().setIsolationLevel(isolation).execute(work), {
    attempts,
    clock,
    policy: { baseMs: 10, maxMs: 200 },
    retryable: isConflict,
    ...(signal === undefined ? {} : { signal }),
  });
}

function isConflict(error: unknown): boolean {
  return error instanceof ServiceError && (error.reason === 'SERIALIZATION_FAILURE' || error.reason === 'DEADLOCK');
}
