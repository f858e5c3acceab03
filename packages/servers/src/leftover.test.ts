import { type ChildProcess, spawn } from 'node:child_process';
import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tempDir } from '@frameworks/testkit';
import { expect, it, onTestFinished } from 'vitest';
import { stopLeftover } from './leftover.ts';

const kind = (owns: boolean) => ({ owns: () => owns, stopSignal: 'TERM' }) as const;

async function processIn(dir: string): Promise<ChildProcess> {
  const child = spawn('/bin/sleep', ['600']);
  onTestFinished(() => void child.kill());
  await writeFile(join(dir, 'server.pid'), `${child.pid}\n`);
  return child;
}

it('stops the server that the pid file names', async () => {
  const dir = await tempDir();
  const child = await processIn(dir);
  expect(await stopLeftover(kind(true), dir)).toBe('stopped');
  expect(child.signalCode ?? 'SIGTERM').toBe('SIGTERM');
  await expect(access(join(dir, 'server.pid'))).rejects.toThrow(/ENOENT/);
});

it('leaves alone a stranger who has its pid', async () => {
  const dir = await tempDir();
  const child = await processIn(dir);
  expect(await stopLeftover(kind(false), dir)).toBe('none');
  expect(child.exitCode ?? child.signalCode).toBeNull();
});

it.each(['', 'x', '0', '1', '-1', '999999999'])('makes nothing of a pid file that says %j', async (text) => {
  const dir = await tempDir();
  await writeFile(join(dir, 'server.pid'), text);
  expect(await stopLeftover(kind(true), dir)).toBe('none');
});
