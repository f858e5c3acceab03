import type { Migration } from '../index.ts';

/** Steps that several processes race to apply; each leaves one row per time it ran. */
export const sharedMigrations: readonly Migration[] = [
  { id: '1', phase: 'expand', sql: `create table runs (id text); insert into runs values ('1'); select pg_sleep(0.1)` },
  { id: '2', phase: 'expand', sql: `insert into runs values ('2'); select pg_sleep(0.1)` },
  { id: '3', phase: 'expand', sql: `insert into runs values ('3'); select pg_sleep(0.1)` },
];
