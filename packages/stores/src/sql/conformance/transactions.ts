import { ServiceError } from '@frameworks/kit';
import { settle } from '@frameworks/testkit';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { inTransaction, onConstraint, type Sql } from '../index.ts';
import { openTestSql, query, type ServerOf, type Tables } from './fixture.ts';

async function openCounters(server: ServerOf): Promise<Sql<Tables>> {
  const store = await openTestSql(server());
  await query(store, 'create table counters (name text primary key, n int not null check (n >= 0))');
  await query(store, `insert into counters values ('a', 0), ('b', 0)`);
  return store;
}

function add(tx: Sql<Tables>['db'], name: string, n = 1): Promise<unknown> {
  return sql`update counters set n = n + ${n} where name = ${name}`.execute(tx);
}

/** Lets two transactions both get to a point before either goes on. */
function meetingPoint(size: number): () => Promise<void> {
  let arrived = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  return () => {
    if (++arrived >= size) resolve();
    return promise;
  };
}

/** All or nothing, conflicts, constraints. */
export function describeTransactions(server: ServerOf): void {
  describe('transactions', () => {
    it('keeps nothing of one that throws', async () => {
      const store = await openCounters(server);
      const work = inTransaction(store.db, async (tx) => {
        await add(tx, 'a');
        throw new Error('changed my mind');
      });
      await expect(work).rejects.toThrow('changed my mind');
      expect(await query(store, `select n from counters where name = 'a'`)).toEqual([{ n: 0 }]);
    });

    it('joins the one around it', async () => {
      const store = await openCounters(server);
      const outer = inTransaction(store.db, async (tx) => {
        await inTransaction(tx, (inner) => add(inner, 'a'));
        throw new Error('all of it');
      });
      await expect(outer).rejects.toThrow('all of it');
      expect(await query(store, `select n from counters where name = 'a'`)).toEqual([{ n: 0 }]);
    });

    it('runs again after a serialization failure, and loses no update', async () => {
      const store = await openCounters(server);
      const meet = meetingPoint(2);
      let runs = 0;
      const increment = (): Promise<void> =>
        inTransaction(
          store.db,
          async (tx) => {
            runs += 1;
            const { rows } = await sql<{ n: number }>`select n from counters where name = 'a'`.execute(tx);
            await meet();
            await sql`update counters set n = ${(rows[0]?.n ?? 0) + 1} where name = 'a'`.execute(tx);
          },
          { isolation: 'serializable' },
        );
      await Promise.all([increment(), increment()]);
      expect(await query(store, `select n from counters where name = 'a'`)).toEqual([{ n: 2 }]);
      expect(runs).toBeGreaterThan(2);
    });

    it('runs again after a deadlock', async () => {
      const store = await openCounters(server);
      const meet = meetingPoint(2);
      const both = (first: string, second: string): Promise<unknown> =>
        inTransaction(store.db, async (tx) => {
          await add(tx, first);
          await meet();
          await add(tx, second);
        });
      await Promise.all([both('a', 'b'), both('b', 'a')]);
      expect(await query(store, 'select sum(n) as n from counters')).toEqual([{ n: 4 }]);
    });

    it('gives up after the last attempt with the conflict', async () => {
      const store = await openCounters(server);
      let runs = 0;
      const work = inTransaction(
        store.db,
        async (tx) => {
          runs += 1;
          await sql`select n from counters where name = 'a'`.execute(tx);
          await add(store.db, 'a');
          await add(tx, 'a');
        },
        { isolation: 'repeatable read', attempts: 3 },
      );
      await expect(work).rejects.toMatchObject({ code: 'ABORTED', reason: 'SERIALIZATION_FAILURE', retryable: true });
      expect(runs).toBe(3);
    });

    it('says so when the connection is lost during the commit', async () => {
      const store = await openCounters(server);
      // Checked at the commit, which therefore lasts.
      await query(
        store,
        'create function slow() returns trigger language plpgsql as $$begin perform pg_sleep(20); return null; end$$',
      );
      await query(
        store,
        'create constraint trigger slow after update on counters initially deferred for each row execute function slow()',
      );
      let runs = 0;
      let pid: number | undefined;
      const work = inTransaction(store.db, async (tx) => {
        runs += 1;
        pid = (await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx)).rows[0]?.pid;
        await add(tx, 'a');
      });
      const failure = expect(work).rejects.toMatchObject({ reason: 'COMMIT_OUTCOME_UNKNOWN', retryable: false });
      const committing = () => query(store, `select 1 from pg_stat_activity where pid = ${pid} and query = 'commit'`);
      await settle(async () => pid !== undefined && (await committing()).length > 0, { describe: 'the commit' });
      await query(store, `select pg_terminate_backend(${pid})`);
      await failure;
      expect(runs).toBe(1);
    });

    it('does not call a transaction done that the server rolled back', async () => {
      const store = await openCounters(server);
      const work = inTransaction(store.db, async (tx) => {
        await add(tx, 'a');
        // Whoever swallows a failure of the last statement does not see that the whole transaction is doomed.
        await sql`select 1 / 0`.execute(tx).catch(() => undefined);
      });
      await expect(work).rejects.toThrow('rolled back instead of committed');
      expect(await query(store, `select n from counters where name = 'a'`)).toEqual([{ n: 0 }]);
    });

    it('knows that nothing was committed when the connection was lost before', async () => {
      const store = await openCounters(server);
      const work = inTransaction(store.db, async (tx) => {
        await add(tx, 'a');
        const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx);
        await sql`select pg_terminate_backend(${rows[0]?.pid})`.execute(store.db);
        await expect(sql`select pg_sleep(20)`.execute(tx)).rejects.toThrow();
      });
      await expect(work).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true });
      expect(await query(store, `select n from counters where name = 'a'`)).toEqual([{ n: 0 }]);
    });

    it('maps violated constraints by name, and leaves others alone', async () => {
      const store = await openCounters(server);
      const taken = onConstraint({
        counters_pkey: ({ table }) => new ServiceError('ALREADY_EXISTS', 'COUNTER_EXISTS', { message: table }),
        n: () => new ServiceError('INVALID_ARGUMENT', 'NO_VALUE', { message: 'n' }),
      });
      const insert = (values: string): Promise<unknown> =>
        query(store, `insert into counters values (${values})`).catch(taken);
      await expect(insert(`'a', 1`)).rejects.toMatchObject({ code: 'ALREADY_EXISTS', message: 'counters' });
      await expect(insert(`'c', -1`)).rejects.toMatchObject({ constraint: 'counters_n_check' });
      await expect(insert(`'c', 'x'`)).rejects.toThrow(/invalid input syntax/);
    });
  });
}
