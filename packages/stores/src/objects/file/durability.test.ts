import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { tempDir } from '@frameworks/testkit';
import { beforeEach, expect, test, vi } from 'vitest';
import { text } from '../conformance/harness.ts';
import type { Objects } from '../objects.ts';
import { openObjects } from '../open.ts';

/** What was synced, in order: a name is on disk once its directory was synced after it was given. */
const synced = vi.hoisted((): string[] => []);
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  const open: typeof real.open = async (path, ...rest) => {
    const file = await real.open(path, ...rest);
    const sync = file.sync.bind(file);
    file.sync = async () => {
      await sync();
      synced.push(String(path));
    };
    return file;
  };
  return { ...real, open };
});

beforeEach(() => {
  synced.length = 0;
});

async function openIn(dir: string): Promise<Objects> {
  const objects = await openObjects(`file:${dir}`);
  synced.length = 0;
  return objects;
}

test('opening syncs every directory whose name it depends on, whoever made it', async () => {
  const dir = await tempDir();
  await openObjects(`file:${dir}/a/b`);
  expect(synced).toEqual(expect.arrayContaining([dir, `${dir}/a`, `${dir}/a/b`]));
});

test('a put syncs the content before it gives the name, then every directory on the way', async () => {
  const dir = await tempDir();
  const objects = await openIn(dir);
  await objects.put('a/b/c', text('x'));
  const root = join(dir, 'objects');
  expect(synced[0]).toMatch(/\/tmp\//);
  expect(synced.slice(1)).toEqual(expect.arrayContaining([root, `${root}/a`, `${root}/a/b`]));
});

test('a directory that somebody else made, and may not have synced before it died, is synced by the next put', async () => {
  const dir = await tempDir();
  const objects = await openIn(dir);
  const root = join(dir, 'objects');
  await mkdir(`${root}/a/b`, { recursive: true });
  await objects.put('a/b/c', text('x'));
  expect(synced.slice(1)).toEqual(expect.arrayContaining([root, `${root}/a`, `${root}/a/b`]));
});

test('a delete syncs also what an earlier one may have left undone: the nearest directory still there', async () => {
  const dir = await tempDir();
  const objects = await openIn(dir);
  const root = join(dir, 'objects');
  await objects.put('a/b/c', text('x'));
  await objects.put('a/d', text('x'));
  await rm(`${root}/a/b`, { recursive: true });
  synced.length = 0;
  await objects.delete('a/b/c');
  expect(synced).toContain(`${root}/a`);
});
