import { fork } from 'node:child_process';
import { once } from 'node:events';
import { systemClock } from '@frameworks/std';
import { settle } from '@frameworks/testkit';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { listPendingMigrations, type Migration, migrate, type Sql, withAdvisoryLock } from '../index.ts';
import { openTestSql, query, quiet, type ServerOf, type Tables } from './fixture.ts';
import { sharedMigrations } from './shared-migrations.ts';

const create: Migration = {
  id: '0001_people',
  phase: 'expand',
  sql: 'create table people (id bigint primary key, name text); insert into people select n, $$p$$ || n from generate_series(1, 10) n',
};
const addColumn: Migration = { id: '0002_upper', phase: 'expand', sql: 'alter table people add column upper text' };
const dropColumn: Migration = { id: '0004_drop', phase: 'contract', sql: 'alter table people drop column name' };

/** Fills `upper` four rows at a time, and fails once when it gets to `failAt`. */
function fill(failAt = Number.POSITIVE_INFINITY): { step: Migration; cursors: (string | undefined)[] } {
  const cursors: (string | undefined)[] = [];
  let armed = true;
  const step: Migration = {
    id: '0003_fill',
    phase: 'migrate',
    batch: async (db, cursor) => {
      cursors.push(cursor);
      const { rows } = await sql<{ id: number }>`
        update people set upper = upper(name) where id in
          (select id from people where id > ${cursor ?? '0'} order by id limit 4) returning id`.execute(db);
      const last = Math.max(...rows.map(({ id }) => id));
      if (armed && last >= failAt) {
        armed = false;
        throw new Error('the batch failed');
      }
      return { cursor: last < 10 ? String(last) : undefined, rows: rows.length };
    },
  };
  return { step, cursors };
}

const run = (store: Sql<Tables>, steps: Migration[], upTo?: 'expand' | 'contract'): Promise<string[]> =>
  migrate(store, steps, { log: quiet, ...(upTo === undefined ? {} : { upTo }) });

/** Changes of a schema: phases, order, crashes, many instances at once. */
export function describeMigrations(server: ServerOf): void {
  describe('migrations', () => {
    it('makes the schema, runs each step once, and contracts only when asked', async () => {
      const store = await openTestSql(server());
      const steps = [create, addColumn, fill().step, dropColumn];
      expect(await listPendingMigrations(store, steps)).toEqual(['0001_people', '0002_upper', '0003_fill']);
      expect(await run(store, steps, 'expand')).toEqual(['0001_people', '0002_upper']);
      expect(await run(store, steps)).toEqual(['0003_fill']);
      expect(await run(store, steps)).toEqual([]);
      expect(
        await query(store, 'select count(*) as n from people where name is not null and upper is not null'),
      ).toEqual([{ n: 10 }]);
      expect(await run(store, steps, 'contract')).toEqual(['0004_drop']);
      expect(await listPendingMigrations(store, steps, 'contract')).toEqual([]);
      await expect(query(store, 'select name from people')).rejects.toThrow(/does not exist/);
    });

    it('changes nothing by only looking', async () => {
      const store = await openTestSql(server());
      await listPendingMigrations(store, [create]);
      expect(await query(store, `select to_regclass('schema_migrations') as ledger`)).toEqual([{ ledger: null }]);
    });

    it('refuses a step that was edited after it was applied', async () => {
      const store = await openTestSql(server());
      await run(store, [create]);
      const edited: Migration = { ...addColumn, id: create.id };
      const expected = { code: 'FAILED_PRECONDITION', reason: 'MIGRATION_EDITED', data: { migration: create.id } };
      await expect(run(store, [edited])).rejects.toMatchObject(expected);
    });

    it('tolerates newer expand and migrate steps, and refuses a newer contract step', async () => {
      const store = await openTestSql(server());
      const newer = [create, addColumn, fill().step, dropColumn];
      await run(store, newer);
      expect(await run(store, [create])).toEqual([]);
      await run(store, newer, 'contract');
      const expected = { code: 'FAILED_PRECONDITION', reason: 'DATABASE_NEWER', data: { migration: dropColumn.id } };
      await expect(run(store, [create])).rejects.toMatchObject(expected);
      await expect(listPendingMigrations(store, [create])).rejects.toMatchObject(expected);
    });

    it('refuses ids out of order', async () => {
      const store = await openTestSql(server());
      await expect(async () => run(store, [addColumn, create])).rejects.toMatchObject({ reason: 'BAD_MIGRATIONS' });
    });

    it('keeps nothing of a step that fails, and goes on from it', async () => {
      const store = await openTestSql(server());
      const broken: Migration = { id: '0002_broken', phase: 'expand', sql: 'create table half (n int); select 1 / 0' };
      await expect(run(store, [create, broken])).rejects.toThrow(/division by zero/);
      expect(await query(store, `select to_regclass('half') as half`)).toEqual([{ half: null }]);
      expect(await run(store, [create, addColumn])).toEqual([addColumn.id]);
    });

    it('takes a backfill up where it failed, batch by batch', async () => {
      const store = await openTestSql(server());
      const { step, cursors } = fill(8);
      await expect(run(store, [create, addColumn, step])).rejects.toThrow('the batch failed');
      expect(await query(store, 'select count(upper) as n from people')).toEqual([{ n: 4 }]);
      expect(await run(store, [create, addColumn, step])).toEqual([step.id]);
      expect(cursors).toEqual([undefined, '4', '4', '8']);
      expect(await query(store, `select rows, state from schema_migrations where id = '0003_fill'`)).toEqual([
        { rows: 10, state: 'applied' },
      ]);
    });

    it('makes an index without a transaction', async () => {
      const store = await openTestSql(server());
      const index = 'create index concurrently if not exists people_name on people (name)';
      const step: Migration = { id: '0002_index', phase: 'expand', sql: index, outsideTransaction: true };
      expect(await run(store, [create, step])).toEqual([create.id, step.id]);
      expect(await query(store, `select to_regclass('people_name') is not null as made`)).toEqual([{ made: true }]);
    });

    it('runs each step once when four processes start at once', async () => {
      const store = await openTestSql(server());
      const results = await Promise.all(Array.from({ length: 4 }, () => migrateElsewhere(server().url, store.schema)));
      expect(results.flat().sort()).toEqual(sharedMigrations.map(({ id }) => id));
      expect(await query(store, 'select count(*) as n from runs')).toEqual([{ n: 3 }]);
    }, 40_000);

    it('waits for a table in use only briefly, so that others get through, and tries again', async () => {
      const store = await openTestSql(server());
      const other = await openTestSql(server(), { schema: store.schema });
      await run(store, [create]);
      const waiting = `select 1 from pg_locks where relation = '${store.schema}.people'::regclass and not granted`;
      const using = await other.db.startTransaction().execute();
      await query({ db: using }, 'select * from people');
      const migrating = run(store, [create, addColumn]);
      await settle(async () => (await query(other, waiting)).length > 0, { describe: 'the step waits' });
      await settle(async () => (await query(other, waiting)).length === 0, { describe: 'the step lets go' });
      await using.commit().execute();
      expect(await migrating).toEqual([addColumn.id]);
    });

    it('stops when it loses the lock with its connection, and keeps nothing of the step', async () => {
      const store = await openTestSql(server());
      const other = await openTestSql(server(), { schema: store.schema });
      const orphaned: Migration = {
        id: '0001_orphaned',
        phase: 'expand',
        up: async (db) => {
          await sql`create table orphan (n int)`.execute(db);
          const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db);
          await query(other, `select pg_terminate_backend(${rows[0]?.pid})`);
          await sql`select 1`.execute(db).catch(() => undefined);
        },
      };
      await expect(run(store, [orphaned, addColumn])).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      expect(await query(other, `select to_regclass('orphan') as orphan`)).toEqual([{ orphan: null }]);
      expect(await run(other, [create])).toEqual([create.id]);
    });

    it('refuses a step that comes before one of its phase that is applied', async () => {
      const store = await openTestSql(server());
      const late: Migration = { id: '0001_q', phase: 'expand', sql: 'create table late (n int)' };
      await run(store, [create, addColumn]);
      const expected = { code: 'FAILED_PRECONDITION', reason: 'MIGRATION_OUT_OF_ORDER', data: { migration: late.id } };
      await expect(run(store, [create, late, addColumn])).rejects.toMatchObject(expected);
      expect(await run(store, [create, late], 'expand')).toEqual([late.id]);
    });

    it.each([
      ['a checksum', `update schema_migrations set checksum = 'x'`, 'MIGRATION_EDITED'],
      ['a state', `update schema_migrations set state = 'running'`, undefined],
    ])('does not trust %s that somebody changed by hand', async (_name, change, reason) => {
      const store = await openTestSql(server());
      await run(store, [create]);
      await query(store, change);
      // A statement that runs again fails as a whole; nothing is applied twice.
      await expect(run(store, [create])).rejects.toMatchObject(reason ? { reason } : { code: '42P07' });
      expect(await query(store, 'select count(*) as n from people')).toEqual([{ n: 10 }]);
    });

    it('says who is in the way when another instance migrates for too long', async () => {
      const store = await openTestSql(server());
      await store.db.connection().execute((connection) =>
        withAdvisoryLock(connection, `migrations:${store.schema}`, {
          timeoutMs: 1000,
          clock: systemClock,
          signal: undefined,
          work: () =>
            expect(migrate(store, [create], { log: quiet, lockTimeoutMs: 100 })).rejects.toMatchObject({
              code: 'UNAVAILABLE',
              reason: 'LOCK_HELD',
            }),
        }),
      );
      expect(await run(store, [create])).toEqual([create.id]);
    });
  });
}

async function migrateElsewhere(url: string, schema: string): Promise<string[]> {
  const child = fork(new URL('./migrate.child.ts', import.meta.url), [url, schema], { execArgv: [] });
  const [applied] = (await once(child, 'message')) as [string[]]; // what the child sends, and nothing else
  await once(child, 'exit');
  return applied;
}
