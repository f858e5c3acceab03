import { createHash } from 'node:crypto';
import { ServiceError } from '@frameworks/kit/errors';
import type { Clock } from '@frameworks/std';
import { type Kysely, sql } from 'kysely';

export interface LockOptions {
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
}

/**
 * Runs `work` while this connection holds the advisory lock called `name`; the server lets go of it when the connection ends,
 * however it ends. Asks again and again instead of waiting inside the server: a waiting statement keeps a snapshot open, and
 * `CREATE INDEX CONCURRENTLY` by the holder would wait for that snapshot forever.
 *
 * @param db one connection (`db.connection().execute(…)`), because the lock belongs to it
 */
export async function withAdvisoryLock<DB, T>(
  db: Kysely<DB>,
  name: string,
  { timeoutMs, clock, signal, work }: LockOptions & { work: () => Promise<T> },
): Promise<T> {
  const key = lockKey(name);
  const deadline = clock.monotonic() + timeoutMs;
  while (!(await tryLock(db, key))) {
    if (clock.monotonic() >= deadline) {
      const message = `another instance has held the lock ${name} for ${timeoutMs} ms`;
      throw new ServiceError('UNAVAILABLE', 'LOCK_HELD', { message });
    }
    await clock.sleep(50 + Math.random() * 100, signal);
  }
  try {
    return await work();
  } finally {
    // A broken connection has let go already, and its own failure is the one to report.
    await sql`select pg_advisory_unlock(${key}::bigint)`.execute(db).catch(() => undefined);
  }
}

async function tryLock<DB>(db: Kysely<DB>, key: string): Promise<boolean> {
  const { rows } = await sql<{ locked: boolean }>`select pg_try_advisory_lock(${key}::bigint) as locked`.execute(db);
  return rows[0]?.locked === true;
}

/** 64 bits of the name's hash, as decimal text because a JavaScript number cannot hold them. */
function lockKey(name: string): string {
  return createHash('sha256').update(`frameworks:${name}`).digest().readBigInt64BE(0).toString();
}
