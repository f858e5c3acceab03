import { sql } from 'kysely';
import { type AnyDatabase, checksumOf, type Migration } from './migration.ts';
import type { LedgerEntry } from './plan.ts';

/** The schema and its table of applied steps, made when missing. */
export async function prepareLedger(db: AnyDatabase, schema: string): Promise<void> {
  await sql`create schema if not exists ${sql.id(schema)}`.execute(db);
  await sql`
    create table if not exists ${table(schema)} (
      id text primary key,
      phase text not null check (phase in ('expand', 'migrate', 'contract')),
      checksum text not null,
      state text not null check (state in ('running', 'applied')),
      cursor text,
      rows bigint not null default 0,
      changed_at timestamptz not null default now()
    )`.execute(db);
}

export async function readLedger(db: AnyDatabase, schema: string): Promise<LedgerEntry[]> {
  const query = sql<LedgerEntry>`select id, phase, checksum, state, cursor from ${table(schema)} order by id`;
  return (await query.execute(db)).rows;
}

/** Has the schema a ledger at all? Asked before making one, so that looking changes nothing. */
export async function hasLedger(db: AnyDatabase, schema: string): Promise<boolean> {
  const query = sql<{ found: boolean }>`select to_regclass(${`${schema}.schema_migrations`}) is not null as found`;
  return (await query.execute(db)).rows[0]?.found === true;
}

export interface Progress {
  readonly state: LedgerEntry['state'];
  readonly cursor?: string | undefined;
  readonly rows?: number;
}

/** Notes how far a step is; `rows` adds up. */
export async function recordProgress(
  db: AnyDatabase,
  schema: string,
  { migration, state, cursor, rows = 0 }: Progress & { migration: Migration },
): Promise<void> {
  const { id, phase } = migration;
  await sql`
    insert into ${table(schema)} as ledger (id, phase, checksum, state, cursor, rows)
    values (${id}, ${phase}, ${checksumOf(migration)}, ${state}, ${cursor ?? null}, ${rows})
    on conflict (id) do update
    set state = excluded.state, cursor = excluded.cursor, rows = ledger.rows + excluded.rows, changed_at = now()`.execute(
    db,
  );
}

function table(schema: string) {
  return sql.id(schema, 'schema_migrations');
}
