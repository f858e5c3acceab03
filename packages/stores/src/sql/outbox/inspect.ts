import { type Kysely, sql } from 'kysely';

/** How full the outbox is: for metrics, and for callers that must push back before it fills the disk. */
export interface OutboxDepth {
  readonly pending: number;
  /** Age of the oldest pending message by the database's clock, milliseconds; 0 when there is none. */
  readonly oldestAgeMs: number;
  readonly dead: number;
}

export async function readOutboxDepth<DB>(db: Kysely<DB>): Promise<OutboxDepth> {
  const { rows } = await sql<OutboxDepth>`
    select count(*) as pending,
      coalesce(floor(extract(epoch from clock_timestamp() - min(enqueued_at)) * 1000), 0)::bigint as "oldestAgeMs",
      (select count(*) from outbox_dead) as dead
    from outbox`.execute(db);
  return rows[0] ?? { pending: 0, oldestAgeMs: 0, dead: 0 };
}

export interface DeadLetter {
  readonly position: number;
  readonly id: string;
  readonly topic: string;
  readonly key: string;
  readonly attempts: number;
  readonly reason: string;
  readonly diedAt: Date;
}

/** Dead letters, oldest first, after `afterPosition` (0 for the first page). */
export async function listDeadLetters<DB>(
  db: Kysely<DB>,
  { afterPosition, limit }: { afterPosition: number; limit: number },
): Promise<DeadLetter[]> {
  const { rows } = await sql<DeadLetter>`
    select position, id, topic, key, attempts, reason, died_at as "diedAt" from outbox_dead
    where position > ${afterPosition} order by position limit ${limit}`.execute(db);
  return rows;
}

/** Puts dead letters back at the end of their keys, with all attempts ahead of them again. Gives how many there were. */
export async function requeueDeadLetters<DB>(db: Kysely<DB>, positions: readonly number[]): Promise<number> {
  const result = await sql`
    with dead as (delete from outbox_dead where position = any(${positions}) returning *)
    insert into outbox (id, topic, key, payload, enqueued_at)
    select id, topic, key, payload, enqueued_at from dead order by position
    on conflict (id) do nothing`.execute(db);
  return Number(result.numAffectedRows ?? 0n);
}

/** Removes the oldest dead letters beyond the newest `keep`, so that a receiver that refuses everything cannot fill the disk. */
export async function purgeDeadLetters<DB>(db: Kysely<DB>, { keep }: { keep: number }): Promise<number> {
  const result = await sql`
    delete from outbox_dead where position in
      (select position from outbox_dead order by died_at desc, position desc offset ${keep})`.execute(db);
  return Number(result.numAffectedRows ?? 0n);
}
