import { spawnSync } from 'node:child_process';
import { chmod, mkdtemp, readdir, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tempDir, withoutRoot } from '@frameworks/testkit';
import { afterAll, expect, test } from 'vitest';
import { readText, rejectsWith, text } from '../conformance/harness.ts';
import { openObjects } from '../open.ts';

const isRoot = process.getuid?.() === 0;
const small = await mkdtemp(join(tmpdir(), 'objects-full-'));
/** A file system of 1 MiB; only where this process may mount one. */
const mounted = isRoot && spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', small]).status === 0;

afterAll(async () => {
  if (mounted) spawnSync('umount', [small]);
  await rmdir(small);
});

test.skipIf(!mounted)(
  'a full disk is reported as such, keeps the old object, leaves nothing, and can be recovered from',
  async () => {
    const objects = await openObjects(`file:${small}`);
    await objects.put('a', text('old'));
    const error = await rejectsWith('OBJECTS_DISK_FULL', () => objects.put('a', Buffer.alloc(2 * 1024 * 1024)));
    expect(error).toMatchObject({ code: 'RESOURCE_EXHAUSTED', retryable: true });
    expect(await readText(objects, 'a')).toBe('old');
    expect(await readdir(join(small, 'tmp'))).toEqual([]);
    await objects.put('a', text('new'));
    expect(await readText(objects, 'a')).toBe('new');
  },
);

test('a directory without permission is reported as such', async () => {
  const dir = await tempDir();
  await chmod(dir, 0o555);
  const error = await withoutRoot(() => rejectsWith('OBJECTS_PERMISSION', () => openObjects(`file:${dir}/objects`)));
  expect(error.code).toBe('PERMISSION_DENIED');
  await chmod(dir, 0o700);
});
