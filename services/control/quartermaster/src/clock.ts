import { sql } from 'kysely';

/**
 * The database's time in Unix milliseconds. Leases are written and judged by this one clock, so Quartermasters whose own
 * clocks differ agree on who is alive.
 */
export const databaseNowMs = sql<string>`(extract(epoch from clock_timestamp()) * 1000)::bigint`;
