import { randomBytes } from 'node:crypto';
import type { RunningServer } from '@frameworks/servers';
import { sql } from 'kysely';
import { onTestFinished } from 'vitest';
import { openSql, type Sql, type SqlOptions } from '../index.ts';
import { quiet } from './quiet.ts';

/** Any table: the suites make their own. */
export type Tables = Record<string, Record<string, unknown>>;

/** The server under test; callable inside hooks and tests only. */
export type ServerOf = () => RunningServer;

export { quiet };

/** Opens the server with a schema of the test's own, made empty, closed after it. */
export async function openTestSql(server: RunningServer, overrides: Partial<SqlOptions> = {}): Promise<Sql<Tables>> {
  const schema = `test_${randomBytes(6).toString('hex')}`;
  const options = { schema, applicationName: 'conformance', log: quiet, ...overrides };
  const opened = openSql<Tables>(server.url, options);
  await sql`create schema if not exists ${sql.id(opened.schema)}`.execute(opened.db);
  onTestFinished(() => opened.close());
  return opened;
}

/** Runs one statement and gives its rows. */
export async function query<T>({ db }: Pick<Sql<Tables>, 'db'>, text: string): Promise<T[]> {
  return (await sql.raw<T>(text).execute(db)).rows;
}
