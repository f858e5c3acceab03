import { type RawBuilder, sql, type Transaction } from 'kysely';

/** How many of the oldest messages to look at per message wanted, before looking at every key instead. */
const windowFactor = 10;

/**
 * Takes at most `limit` keys whose next message is due, oldest first, until the transaction ends.
 *
 * The oldest message of a key, locked, stands for the key: whoever has it has all that follow. A key whose oldest is locked or
 * still pausing gives nothing, so no second relay can overtake.
 *
 * Both questions stay cheap however much waits: the first looks at a fixed number of the oldest messages, which is right
 * unless they all belong to keys that pause or are taken; the second jumps from key to key and reads one message of each.
 * Positions come as an array, because from it the planner always goes to the index and never through the whole table.
 */
export async function claimKeys<DB>(tx: Transaction<DB>, limit: number): Promise<string[]> {
  const wanted = limit * windowFactor;
  const near = await lockKeys(
    tx,
    limit,
    sql`select min(position) from (select key, position from outbox order by position limit ${wanted}) oldest group by key`,
  );
  if (near.length > 0) return near;
  return lockKeys(
    tx,
    limit,
    sql`
      with recursive heads as (
        (select key, position, available_at from outbox order by key, position limit 1)
        union all
        select next.* from heads, lateral (
          select key, position, available_at from outbox where key > heads.key order by key, position limit 1) next
      )
      select position from heads where available_at <= now() order by position limit ${wanted}`,
  );
}

async function lockKeys<DB>(tx: Transaction<DB>, limit: number, heads: RawBuilder<unknown>): Promise<string[]> {
  const { rows } = await sql<{ key: string }>`
    select key from outbox where position = any(array(${heads})) and available_at <= now()
    order by position limit ${limit} for update skip locked`.execute(tx);
  return rows.map(({ key }) => key);
}
