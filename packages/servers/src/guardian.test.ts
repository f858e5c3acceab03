import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { open, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expectNoProcessLeft, settle, tempDir } from '@frameworks/testkit';
import { expect, it } from 'vitest';
import { type GuardedProcess, startGuarded } from './guardian.ts';
import { findProcessIdentity } from './process-table.ts';

const env = { PATH: '/usr/bin:/bin' };

async function startScript(
  dir: string,
  script: string,
  options: { patienceMs?: number; shell?: readonly string[] } = {},
): Promise<GuardedProcess> {
  const log = await open(join(dir, 'log'), 'a');
  try {
    const argv = ['/bin/sh', '-c', script];
    const pidFile = join(dir, 'pid');
    return await startGuarded({ argv, env, pidFile, logFd: log.fd, stopSignal: 'TERM', patienceMs: 5000, ...options });
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
  const guarded = await startScript(dir, `trap '' TERM; echo up; while :; do sleep 0.05; done`, { patienceMs: 1000 });
  await settle(async () => (await readFile(join(dir, 'log'), 'utf8')) !== '');
  expect(await guarded.stop()).toEqual({ code: undefined, signal: 'SIGKILL' });
});

it('kills at once when asked to', async () => {
  const guarded = await startScript(await tempDir(), `trap '' TERM; while :; do sleep 0.05; done`);
  expect(await guarded.kill()).toEqual({ code: undefined, signal: 'SIGKILL' });
});

it('kills at once what was asked to stop and does not', async () => {
  const dir = await tempDir();
  const guarded = await startScript(dir, `trap '' TERM; echo up; while :; do sleep 0.05; done`, { patienceMs: 60_000 });
  await settle(async () => (await readFile(join(dir, 'log'), 'utf8')) !== '');
  const stopped = guarded.stop();
  expect(await guarded.kill()).toEqual({ code: undefined, signal: 'SIGKILL' });
  await stopped;
});

it('leaves nothing behind when only the guardian was killed and the launcher goes', async () => {
  const dir = await tempDir();
  const guarded = await startScript(dir, 'exec sleep 600', { patienceMs: 60_000 });
  // The guardian leads the session it made.
  const { stdout } = await promisify(execFile)('ps', ['-o', 'sess=', '-p', String(guarded.pid)]);
  process.kill(Number(stdout), 'SIGKILL');
  await guarded.stop();
  await expectNoProcessLeft(dir);
});

it('runs in a session of its own, where no Ctrl-C comes', async () => {
  const guarded = await startScript(await tempDir(), 'exec sleep 60');
  const { stdout } = await promisify(execFile)('ps', ['-o', 'sess=', '-p', `${guarded.pid},${process.pid}`]);
  const sessions = stdout.trim().split(/\s+/);
  expect(new Set(sessions).size).toBe(2);
  await guarded.kill();
});

it('is a plain failure when there is no shell', async () => {
  const dir = await tempDir();
  const log = await open(join(dir, 'log'), 'a');
  const options = { argv: ['/bin/true'], env, pidFile: join(dir, 'pid'), logFd: log.fd, shell: ['/nowhere/sh'] };
  await expect(startGuarded({ ...options, stopSignal: 'TERM', patienceMs: 1000 })).rejects.toThrow(/ENOENT/);
  await log.close();
});

it('lets nothing run whose pid it cannot note', async () => {
  const dir = await tempDir();
  const log = await open(join(dir, 'log'), 'a');
  const options = { argv: ['/bin/sleep', '600'], env, pidFile: join(dir, 'none', 'pid'), logFd: log.fd };
  const guarded = await startGuarded({ ...options, stopSignal: 'TERM', patienceMs: 1000 });
  await log.close();
  expect(await guarded.exited).toEqual({ code: undefined, signal: 'SIGKILL' });
});

const shells = ['dash', 'bash', 'busybox', 'ksh', 'mksh'].filter((name) => existsSync(join('/bin', name)));

it.each(shells)('works where sh is %s', async (name) => {
  const dir = await tempDir();
  // Programs behave as `sh` when they are called so.
  await symlink(join('/bin', name), join(dir, 'sh'));
  const shell = [join(dir, 'sh')];
  const end = (script: string) => startScript(dir, script, { patienceMs: 1000, shell });
  expect(await (await end('exit 7')).exited).toEqual({ code: 7, signal: undefined });
  const obedient = await end(`trap 'exit 3' TERM; echo up; while :; do sleep 0.05; done`);
  await settle(async () => (await readFile(join(dir, 'log'), 'utf8')) !== '');
  expect(Number(await readFile(join(dir, 'pid'), 'utf8'))).toBe(obedient.pid);
  expect(await obedient.stop()).toEqual({ code: 3, signal: undefined });
  const deaf = await end(
    `trap '' TERM; echo up >deaf; while :; do sleep 0.05; done`.replace('deaf', join(dir, 'deaf')),
  );
  await settle(() => existsSync(join(dir, 'deaf')));
  expect(await deaf.stop()).toEqual({ code: undefined, signal: 'SIGKILL' });
  const killed = await end(`trap '' TERM; while :; do sleep 0.05; done`);
  expect(await killed.kill()).toEqual({ code: undefined, signal: 'SIGKILL' });
  await expectNoProcessLeft(dir);
});

it('stops the program when the launcher is killed', async () => {
  const dir = await tempDir();
  const launcher = fork(new URL('./guardian.child.ts', import.meta.url), [dir], { execArgv: [] });
  const [pid] = (await once(launcher, 'message')) as [number]; // what the child sends, and nothing else
  expect(await isAlive(pid)).toBe(true);
  launcher.kill('SIGKILL');
  await settle(async () => !(await isAlive(pid)), { describe: 'the end of the program' });
});
