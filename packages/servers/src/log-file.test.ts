import { mkdir, open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FakeClock } from '@frameworks/std';
import { settle, tempDir } from '@frameworks/testkit';
import { expect, it, onTestFinished } from 'vitest';
import { boundLogFile, openLogFile, readLogTail } from './log-file.ts';

const big = 'x'.repeat(5 * 1024 * 1024);
const sizeOf = async (path: string): Promise<number> => (await stat(path)).size;

/** Bounds `path` until the test ends; gives the clock it goes by. */
function bound(path: string): FakeClock {
  const clock = new FakeClock();
  const ending = new AbortController();
  onTestFinished(() => ending.abort());
  void boundLogFile(path, ending.signal, clock);
  return clock;
}

it('starts empty, for its owner only, with the log before beside it', async () => {
  const path = join(await tempDir(), 'log', 'x.log');
  for (const text of ['one', 'two', '']) {
    const file = await openLogFile(path);
    await file.write(text);
    await file.close();
  }
  expect(await readFile(`${path}.1`, 'utf8')).toBe('two');
  expect(await readFile(path, 'utf8')).toBe('');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

it('is cut while somebody writes to it, who goes on at its new end', async () => {
  const path = join(await tempDir(), 'x.log');
  const writer = await openLogFile(path);
  onTestFinished(() => writer.close());
  const clock = bound(path);
  await writer.write(big);
  await clock.advance(30_000);
  await settle(async () => (await sizeOf(path)) === 0);
  expect(await sizeOf(`${path}.1`)).toBe(big.length);
  await writer.write('after');
  expect(await readLogTail(path)).toBe('after');
});

it('is cut also where there is no room for the copy', async () => {
  const path = join(await tempDir(), 'x.log');
  const writer = await openLogFile(path);
  onTestFinished(() => writer.close());
  // A directory in the way is as good as a full disk.
  await mkdir(`${path}.1`);
  const clock = bound(path);
  await writer.write(big);
  await clock.advance(30_000);
  await settle(async () => (await sizeOf(path)) === 0);
});

it('gives the end of a long log, and nothing of a missing one', async () => {
  const path = join(await tempDir(), 'x.log');
  expect(await readLogTail(path)).toBe('');
  const file = await open(path, 'w');
  await file.write(`${big}\nlast`);
  await file.close();
  expect(await readLogTail(path)).toMatch(/x{1995}\nlast$/);
});
