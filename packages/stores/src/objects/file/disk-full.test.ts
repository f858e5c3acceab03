import { execFile } from 'node:child_process';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { tempDir, withoutRoot } from '@frameworks/testkit';
import { expect, test } from 'vitest';
import { rejectsWith } from '../../testing/rejects-with.ts';
import { openObjects } from '../open.ts';

/** Blocks of 512 or 1024 bytes, as the shell likes: far above what a small object takes, far below a large one. */
const maxFileBlocks = 1000;

/**
 * A file that may not grow behaves like a full disk: the kernel takes a part of a write and refuses the rest, with EFBIG
 * instead of ENOSPC. Unlike a full disk it can be had anywhere, without mounting anything.
 */
test('a disk that takes no more is reported as full, keeps the old object, leaves nothing, and can be recovered from', async () => {
  const program = join(import.meta.dirname, 'disk-full-main.ts');
  const limited = `ulimit -f ${maxFileBlocks} && exec "$@"`;
  const args = ['-c', limited, 'sh', process.execPath, program, await tempDir()];
  const { stdout } = await promisify(execFile)('/bin/sh', args);
  expect(JSON.parse(stdout)).toEqual({
    code: 'RESOURCE_EXHAUSTED',
    reason: 'OBJECTS_DISK_FULL',
    retryable: true,
    kept: 'old',
    left: [],
    after: 'new',
  });
});

test('a directory without permission is reported as such', async () => {
  const dir = await tempDir();
  await chmod(dir, 0o555);
  const error = await withoutRoot(() => rejectsWith('OBJECTS_PERMISSION', () => openObjects(`file:${dir}/objects`)));
  expect(error.code).toBe('PERMISSION_DENIED');
  await chmod(dir, 0o700);
});
