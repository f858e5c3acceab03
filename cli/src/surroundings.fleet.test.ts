import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { findFleetFile } from '@frameworks/fleet/fleet-file';
import { expectNoProcessLeft, settle, tempDir } from '@frameworks/testkit';
import { describe, expect, it } from 'vitest';
import { bin, expectStopped, launch, listChildren, untilReady } from '../testing/launcher.ts';

const root = join(import.meta.dirname, '../..');
const script = '/usr/bin/script';

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** In a pseudo-terminal: what is written to standard input is typed. */
function inTerminal(program: readonly string[], cwd: string) {
  return (args: readonly string[]) => {
    const line = `stty cols 100 rows 40; exec ${[...program, ...args].map(quote).join(' ')}`;
    return { argv: [script, '-qec', line, '/dev/null'] as const, cwd };
  };
}

const terminal = { TERM: 'xterm', SHELL: '/bin/sh', CI: '', NO_COLOR: '1' };
const ctrlC = '\x03';

describe.skipIf(!existsSync(script))('frameworks up in a terminal (needs script of util-linux)', () => {
  it('draws the list in place, and gives the terminal back after Ctrl-C', async () => {
    const dataDir = await tempDir();
    const launcher = launch(dataDir, { command: inTerminal([bin, 'up'], dataDir), env: terminal });
    await untilReady(launcher);
    expect(launcher.output()).toMatch(/✔ PostgreSQL: ready after[\s\S]*✔ quartermaster: ready after/);
    const children = listChildren(dataDir);
    launcher.child.stdin?.write(ctrlC);
    await expectStopped(launcher, dataDir, children);
    expect(launcher.output().lastIndexOf('\x1b[?25h')).toBeGreaterThan(launcher.output().lastIndexOf('\x1b[?25l'));
  }, 120_000);

  it('stops on Ctrl-C, which npm and launcher both get', async () => {
    const dataDir = await tempDir();
    const launcher = launch(dataDir, { command: inTerminal(['npm', 'start', '--'], root), env: terminal });
    await untilReady(launcher);
    const children = listChildren(dataDir);
    launcher.child.stdin?.write(ctrlC);
    await expectStopped(launcher, dataDir, children);
  }, 120_000);

  it('draws no list of failures for what is refused before the first step', async () => {
    const dataDir = await tempDir();
    const command = inTerminal([bin, 'up'], dataDir);
    const launcher = launch(dataDir, { command, env: { ...terminal, FRAMEWORKS_X: '1' } });
    expect(await launcher.exit).toMatchObject({ code: 2 });
    expect(launcher.output()).not.toContain('PostgreSQL');
  }, 60_000);
});

describe('npm start', () => {
  it('stops on SIGTERM to npm', async () => {
    const dataDir = await tempDir();
    const command = (args: readonly string[]) => ({ argv: ['npm', 'start', '--', ...args] as const, cwd: root });
    const launcher = launch(dataDir, { command });
    await untilReady(launcher);
    const children = listChildren(dataDir);
    launcher.child.kill('SIGTERM');
    await expectStopped(launcher, dataDir, children);
  }, 120_000);
});

/** Until the database is in the making. */
async function untilMaking(dataDir: string): Promise<void> {
  const place = join(dataDir, 'embedded/postgres');
  const isMaking = () => existsSync(place) && readdirSync(place).some((name) => name.startsWith('.init-'));
  await settle(isMaking, { timeoutMs: 30_000, describe: 'a database in the making' });
}

describe('a first start that is cut short', () => {
  it('stops on a signal while the database is being made, and starts again', async () => {
    const dataDir = await tempDir();
    const first = launch(dataDir);
    await untilMaking(dataDir);
    first.child.kill('SIGTERM');
    await expectStopped(first, dataDir);
    await untilReady(launch(dataDir));
  }, 120_000);

  it('starts again after kill -9 while the database is being made', async () => {
    const dataDir = await tempDir();
    const first = launch(dataDir);
    await untilMaking(dataDir);
    first.child.kill('SIGKILL');
    await first.exit;
    await expectNoProcessLeft(dataDir);
    const second = launch(dataDir);
    await untilReady(second);
    second.child.kill('SIGTERM');
    await expectStopped(second, dataDir);
  }, 120_000);
});

it('is neither misled by variables for other programs nor ended by a reader that goes away', async () => {
  const dataDir = await tempDir();
  const nowhere = 'http://127.0.0.1:9';
  const env = {
    ...{ PGHOST: 'elsewhere', PGPASSWORD: 'x', PGSSLMODE: 'require', PGOPTIONS: '-c nonsense=1' },
    ...{ REDIS_URL: 'redis://elsewhere', DATABASE_URL: 'postgres://elsewhere' },
    ...{ http_proxy: nowhere, https_proxy: nowhere, NODE_USE_ENV_PROXY: '1' },
  };
  const launcher = launch(dataDir, { env });
  await settle(() => launcher.output().includes('Starting'), { timeoutMs: 20_000 });
  launcher.child.stdout?.destroy();
  await settle(() => findFleetFile(dataDir) !== undefined, { timeoutMs: 60_000, describe: 'fleet.json' });
  const options = { env: { ...process.env, ...env }, encoding: 'utf8' } as const;
  const { status, stderr } = spawnSync(bin, ['status', '--data-dir', dataDir], options);
  expect([status, stderr]).toEqual([0, '']);
  launcher.child.kill('SIGTERM');
  await expectStopped(launcher, dataDir);
}, 120_000);
