import { randomBytes } from 'node:crypto';
import { createSilentLogger } from '@frameworks/kit/log';
import { migrate, openSql, type Sql } from '@frameworks/stores/sql';
import { sql } from 'kysely';
import { migrations } from '../migrations/index.ts';
import type { NavigatorTables } from '../src/tables.ts';

/** A new database on a test server: each test has its own CA. */
export async function createDatabase(serverUrl: string): Promise<string> {
  const name = `nav_${randomBytes(6).toString('hex')}`;
  const server = openSql(serverUrl, { schema: 'public', applicationName: 'tests', log: createSilentLogger() });
  try {
    await sql`create database ${sql.id(name)}`.execute(server.db);
  } finally {
    await server.close();
  }
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

/** Opens a database as Navigator does, migrated. */
export async function openNavigatorSql(url: string): Promise<Sql<NavigatorTables>> {
  const log = createSilentLogger();
  const opened = openSql<NavigatorTables>(url, { schema: 'navigator', applicationName: 'tests', log });
  await migrate(opened, migrations, { log });
  return opened;
}
