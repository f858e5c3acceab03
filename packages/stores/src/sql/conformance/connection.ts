import { setTimeout as never } from 'node:timers/promises';
import { freePort, settle } from '@frameworks/testkit';
import { describe, expect, it } from 'vitest';
import { openSql } from '../index.ts';
import { openTestSql, query, quiet, type ServerOf, type Tables } from './fixture.ts';

const base = { schema: 'test', applicationName: 'conformance', log: quiet };

/** How a connection comes, breaks and goes. */
export function describeConnection(server: ServerOf): void {
  describe('connection', () => {
    it('answers a ping, and shows who is connected', async () => {
      const store = await openTestSql(server(), { applicationName: 'who-i-am' });
      await store.ping();
      expect(await query(store, `select current_setting('application_name') as name`)).toEqual([{ name: 'who-i-am' }]);
    });

    it('finds tables of its own schema, and not of others', async () => {
      const [mine, theirs] = [await openTestSql(server()), await openTestSql(server())];
      await query(mine, 'create table things (n int)');
      await expect(query(mine, 'select * from things')).resolves.toEqual([]);
      await expect(query(theirs, 'select * from things')).rejects.toThrow(/does not exist/);
    });

    it('says that nobody listens: unavailable, worth another try', async () => {
      const store = openSql<Tables>(`postgres://a:b@127.0.0.1:${await freePort()}/c`, base);
      const expected = { code: 'UNAVAILABLE', reason: 'DATABASE_UNAVAILABLE', retryable: true };
      await expect(query(store, 'select 1')).rejects.toMatchObject(expected);
      await expect(store.ping()).rejects.toMatchObject(expected);
      await store.close();
    });

    it.each([
      ['a wrong password', (url: URL) => Object.assign(url, { password: 'wrong' })],
      ['a database that is not there', (url: URL) => Object.assign(url, { pathname: '/nowhere' })],
      ['the superuser', (url: URL) => Object.assign(url, { username: 'postgres' })],
    ])('is refused with %s', async (_name, change) => {
      const store = openSql<Tables>(change(new URL(server().url)).href, base);
      const expected = { code: 'FAILED_PRECONDITION', reason: 'DATABASE_REFUSED', retryable: false };
      await expect(store.ping()).rejects.toMatchObject(expected);
      await store.close();
    });

    it('ends a statement that takes too long', async () => {
      const store = await openTestSql(server(), { statementTimeoutMs: 50 });
      const expected = { code: 'DEADLINE_EXCEEDED', reason: 'STATEMENT_TIMEOUT' };
      await expect(query(store, 'select pg_sleep(20)')).rejects.toMatchObject(expected);
    });

    it('says that all connections are taken, and goes on when one is free', async () => {
      const store = await openTestSql(server(), { poolSize: 1, connectTimeoutMs: 1000 });
      await store.db.transaction().execute(async () => {
        const expected = { code: 'UNAVAILABLE', reason: 'DATABASE_UNAVAILABLE', retryable: true };
        await expect(query(store, 'select 1')).rejects.toMatchObject(expected);
      });
      await expect(query(store, 'select 1 as one')).resolves.toEqual([{ one: 1 }]);
    });

    it('ends a transaction that somebody forgot, and its locks with it', async () => {
      const store = await openTestSql(server(), { poolSize: 1, statementTimeoutMs: 100 });
      const other = await openTestSql(server(), { schema: store.schema });
      await query(store, 'create table things (n int)');
      const forgotten = await store.db.startTransaction().execute();
      await query({ db: forgotten }, 'lock table things');
      await expect(query(other, 'select * from things')).resolves.toEqual([]);
      // The connection is known to be lost, so nothing was committed for sure.
      await expect(forgotten.commit().execute()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      await forgotten
        .rollback()
        .execute()
        .catch(() => undefined);
      await expect(query(store, 'select 1 as one')).resolves.toEqual([{ one: 1 }]);
    });

    it('reports a broken connection once and goes on with a new one', async () => {
      const store = await openTestSql(server(), { poolSize: 1 });
      const other = await openTestSql(server());
      const [session] = await query<{ pid: number }>(store, 'select pg_backend_pid() as pid');
      const running = query(store, 'select pg_sleep(20)');
      const failure = expect(running).rejects.toMatchObject({ code: 'UNAVAILABLE', reason: 'DATABASE_UNAVAILABLE' });
      await query(other, `select pg_terminate_backend(${session?.pid})`);
      await failure;
      await expect(query(store, 'select 1 as one')).resolves.toEqual([{ one: 1 }]);
    });

    it('survives the loss of an idle connection', async () => {
      const warnings: unknown[] = [];
      const log = { warn: (data: unknown) => void warnings.push(data) };
      const store = await openTestSql(server(), { poolSize: 1, log: log as typeof quiet }); // only `warn` is called
      const other = await openTestSql(server());
      const [session] = await query<{ pid: number }>(store, 'select pg_backend_pid() as pid');
      await query(other, `select pg_terminate_backend(${session?.pid})`);
      await settle(() => warnings.length > 0, { describe: 'a warning about the idle connection' });
      await store.ping();
    });

    it('drains when closed: finishes what runs, refuses what comes', async () => {
      const store = await openTestSql(server());
      await store.ping();
      const running = query(store, 'select pg_sleep(0.2), 1 as one');
      // Let the statement leave before the close.
      await never(20);
      const closing = store.close();
      await expect(query(store, 'select 1')).rejects.toMatchObject({ code: 'UNAVAILABLE', reason: 'DATABASE_CLOSED' });
      await expect(running).resolves.toMatchObject([{ one: 1 }]);
      await closing;
      await store.close();
    });

    it('does not wait for a transaction that nobody ends when closed', async () => {
      const store = await openTestSql(server());
      const forgotten = await store.db.startTransaction().execute();
      await store.close(50);
      await expect(query({ db: forgotten }, 'select 1')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      await expect(forgotten.rollback().execute()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    });

    it('breaks off what does not finish in time when closed', async () => {
      const store = await openTestSql(server());
      await store.ping();
      const running = expect(query(store, 'select pg_sleep(20)')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      await never(20);
      await store.close(50);
      await running;
    });
  });
}
