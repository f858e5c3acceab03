import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunningServer } from '@frameworks/servers';
import {
  describeNeeding,
  expectNoProcessLeft,
  type ServiceKind,
  settle,
  startService,
  tempDir,
} from '@frameworks/testkit';
import { expect, it, onTestFinished } from 'vitest';
import { openTestSql, query, quiet, type Tables } from './conformance/fixture.ts';
import { deliverBatch, openSql, outboxTables, type Sql } from './index.ts';

const tables = `create table written (n int primary key); ${outboxTables()}`;

async function startServer(kind: ServiceKind, dataDir: string): Promise<RunningServer> {
  const server = await startService(kind, dataDir);
  onTestFinished(async () => {
    await server.stop();
    await expectNoProcessLeft(server.dataDir);
  });
  return server;
}

/** A child process and the lines it has printed. */
function run(script: string, ...args: string[]): { child: ChildProcess; lines: () => string[] } {
  const path = fileURLToPath(new URL(`./conformance/${script}`, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += String(chunk);
  });
  // What comes after the last line break may be cut in the middle of a number.
  return { child, lines: () => output.split('\n').slice(0, -1) };
}

async function killed(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
}

/** Everything acknowledged is there, and nothing is there in part: each row has its message. */
async function expectNothingLost(store: Pick<Sql<Tables>, 'db'>, acknowledged: readonly string[]): Promise<void> {
  const rows = (await query<{ n: number }>(store, 'select n from written order by n')).map(({ n }) => n);
  expect(rows.slice(0, acknowledged.length)).toEqual(acknowledged.map(Number));
  // At most the one transaction whose answer did not arrive.
  expect(rows.length - acknowledged.length).toBeLessThanOrEqual(1);
  const messages = await query<{ id: string }>(store, 'select id from outbox order by position');
  expect(messages.map(({ id }) => Number(id))).toEqual(rows);
}

for (const kind of ['embedded-postgres', 'postgres'] as const) {
  describeNeeding(kind, 'sql after a crash', () => {
    it('has everything that was acknowledged to a writer that was killed', async () => {
      const server = await startServer(kind, join(await tempDir(), 'pg'));
      const store = await openTestSql(server);
      await query(store, tables);
      const acknowledged: string[] = [];
      for (let round = 0; round < 2; round++) {
        const [last] = await query<{ n: number }>(store, 'select coalesce(max(n), 0) as n from written');
        const writer = run('writer.child.ts', server.url, store.schema, String((last?.n ?? 0) + 1));
        await settle(() => writer.lines().length > 30, { timeoutMs: 15_000, describe: 'acknowledged transactions' });
        await killed(writer.child);
        acknowledged.push(...writer.lines());
        // The server notices the end of the connection in its own time.
        const sessions = `select count(*) as n from pg_stat_activity where application_name = 'writer'`;
        await settle(async () => (await query<{ n: number }>(store, sessions))[0]?.n === 0);
      }
      const rows = (await query<{ n: number }>(store, 'select n from written')).map(({ n }) => n);
      expect(rows).toEqual(expect.arrayContaining(acknowledged.map(Number)));
      expect(rows.length - acknowledged.length).toBeLessThanOrEqual(2);
    }, 60_000);

    it('has everything that was acknowledged before the server was killed', async () => {
      const dataDir = join(await tempDir(), 'pg');
      const first = await startServer(kind, dataDir);
      const before = await openTestSql(first);
      await query(before, tables);
      const writer = run('writer.child.ts', first.url, before.schema);
      await settle(() => writer.lines().length > 50, { timeoutMs: 15_000, describe: 'acknowledged transactions' });
      await first.kill();
      if (writer.child.exitCode === null) await once(writer.child, 'close');
      const again = await startServer(kind, dataDir);
      const options = { schema: before.schema, applicationName: 'after', log: quiet };
      const after = openSql<Tables>(again.url, options);
      onTestFinished(() => after.close());
      await expectNothingLost(after, writer.lines());
    }, 60_000);

    it('delivers every message although relays are killed, each key in order', async () => {
      const dir = await tempDir();
      const server = await startServer(kind, join(dir, 'pg'));
      const store = await openTestSql(server);
      await query(store, tables);
      const values = `select n::text, 'test', 'all', ''::bytea from generate_series(1, 200) n`;
      await query(store, `insert into outbox (id, topic, key, payload) ${values}`);
      const file = join(dir, 'delivered');
      for (let round = 0; round < 2; round++) {
        const relay = run('relay.child.ts', server.url, store.schema, file);
        await settle(() => relay.lines().length > 2, { timeoutMs: 15_000, describe: 'deliveries' });
        await killed(relay.child);
      }
      const rest: string[] = [];
      const deliver = async (batch: readonly { id: string }[]) => {
        rest.push(...batch.map(({ id }) => id));
        return batch.map(() => ({ ok: true }) as const);
      };
      await settle(async () => {
        await deliverBatch(store.db, { deliver });
        return (await query<{ n: number }>(store, 'select count(*) as n from outbox'))[0]?.n === 0;
      });
      const all = [...(await readFile(file, 'utf8')).trim().split('\n'), ...rest].map(Number);
      // Without repetitions: every message, in order.
      expect([...new Set(all)]).toEqual(Array.from({ length: 200 }, (_, n) => n + 1));
    }, 60_000);
  });
}
