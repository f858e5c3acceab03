import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tempDir } from '@frameworks/testkit';
import { expect, it } from 'vitest';
import { claimDirectory, findClaimHolder } from './claim.ts';

it('is held by one, and free again when released', async () => {
  const dir = await tempDir();
  const claim = await claimDirectory(dir);
  expect(await findClaimHolder(dir)).toBe(process.pid);
  expect(await claimDirectory(dir)).toBeUndefined();
  await claim?.release();
  expect(await findClaimHolder(dir)).toBeUndefined();
  expect(await claimDirectory(dir)).toBeDefined();
});

it('is held by at most one of many that come at once', async () => {
  for (let round = 0; round < 5; round++) {
    const dir = await tempDir();
    const claims = await Promise.all(Array.from({ length: 8 }, () => claimDirectory(dir)));
    expect(claims.filter((claim) => claim !== undefined).length).toBeLessThanOrEqual(1);
  }
});

it('ends with the process that held it', async () => {
  const dir = await tempDir();
  const holder = fork(new URL('./claim.child.ts', import.meta.url), [dir], { execArgv: [] });
  await once(holder, 'message');
  expect(await findClaimHolder(dir)).toBe(holder.pid);
  expect(await claimDirectory(dir)).toBeUndefined();
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  expect(await claimDirectory(dir)).toBeDefined();
});

it('is not held by a stranger who has got the pid of a dead holder', async () => {
  const dir = await tempDir();
  await writeFile(join(dir, `claim-${process.pid}-12345_another.1abc`), '');
  expect(await claimDirectory(dir)).toBeDefined();
  expect(await readdir(dir)).toHaveLength(1);
});
