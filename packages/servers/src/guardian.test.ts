import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { settle, tempDir } from '@frameworks/testkit';
import { expect, it } from 'vitest';
import { type GuardedProcess, startGuarded } from './guardian.ts';
import { findProcessIdentity } from './process-table.ts';

const env = { PATH: '/usr/bin:/bin' };

async function startScript(dir: string, script: string, patienceMs = 5000): Promise<GuardedProcess> {
  const log = await open(join(dir, 'log'), 'a');
  try {
    const argv = ['/bin/sh', '-c', script];
    return await startGuarded({ argv, env, pidFile: join(dir, 'pid'), logFd: log.fd, stopSignal: 'TERM', patienceMs });
  } finally {
    await log.close();
  }
}

const isAlive = async (pid: number): Promise<boolean> => (await findProcessIdentity(pid)) !== undefined;

it('tells the pid, keeps it in the pid file, and reports the exit code', async () => {
  const dir = await tempDir();
  const guarded = await startScript(dir, 'echo hello; read -r _ <log.none; exit 7');
  expect(await guarded.exited).toEqual({ code: 7, signal: undefined });
  expect(await readFile(join(dir, 'log'), 'utf8')).toMatch(/^hello/);
  await expect(readFile(join(dir, 'pid'))).rejects.toThrow(/ENOENT/);
});

it('stops with the signal asked for', async () => {
  const dir = await tempDir();
  const guarded = await startScript(dir, `trap 'exit 3' TERM; echo up; while :; do sleep 0.05; done`);
  expect(Number(await readFile(join(dir, 'pid'), 'utf8'))).toBe(guarded.pid);
  await settle(async () => (await readFile(join(dir, 'log'), 'utf8')) !== '');
  expect(await guarded.stop()).toEqual({ code: 3, signal: undefined });
  expect(await guarded.stop()).toEqual({ code: 3, signal: undefined });
  expect(await isAlive(guarded.pid)).toBe(false);
});

it('kills what does not stop in time', async () => {
  const dir = await tempDir();
  const guarded = await startScript(dir, `trap '' TERM; echo up; while :; do sleep 0.05; done`, 1000);
  await settle(async () => (await readFile(join(dir, 'log'), 'utf8')) !== '');
  expect(await guarded.stop()).toEqual({ code: undefined, signal: 'SIGKILL' });
});

it('kills at once when asked to', async () => {
  const guarded = await startScript(await tempDir(), `trap '' TERM; while :; do sleep 0.05; done`);
  expect(await guarded.kill()).toEqual({ code: undefined, signal: 'SIGKILL' });
});

it('kills at once what was asked to stop and does not', async () => {
  const dir = await tempDir();
  const guarded = await startScript(dir, `trap '' TERM; echo up; while :; do sleep 0.05; done`, 60_000);
  await settle(async () => (await readFile(join(dir, 'log'), 'utf8')) !== '');
  const stopped = guarded.stop();
  expect(await guarded.kill()).toEqual({ code: undefined, signal: 'SIGKILL' });
  await stopped;
});

it('runs in a session of its own, where no Ctrl-C comes', async () => {
  const guarded = await startScript(await tempDir(), 'exec sleep 60');
  const { stdout } = await promisify(execFile)('ps', ['-o', 'sess=', '-p', `${guarded.pid},${process.pid}`]);
  const sessions = stdout.trim().split(/\s+/);
  expect(new Set(sessions).size).toBe(2);
  await guarded.kill();
});

it('stops the program when the launcher is killed', async () => {
  const dir = await tempDir();
  const launcher = fork(new URL('./guardian.child.ts', import.meta.url), [dir], { execArgv: [] });
  const [pid] = (await once(launcher, 'message')) as [number]; // what the child sends, and nothing else
  expect(await isAlive(pid)).toBe(true);
  launcher.kill('SIGKILL');
  await settle(async () => !(await isAlive(pid)), { describe: 'the end of the program' });
});
