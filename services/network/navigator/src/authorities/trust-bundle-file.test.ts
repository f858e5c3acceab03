import { readdir, readFile, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { createSilentLogger } from '@frameworks/kit/log';
import { createMetrics } from '@frameworks/kit/metrics';
import { makeTempDir, removeDir } from '@frameworks/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createNavigatorEvents } from '../events.ts';
import { writeTrustBundleFile } from './trust-bundle-file.ts';
import type { PublishedBundle } from './trust-view.ts';

const events = createNavigatorEvents({ log: createSilentLogger(), metrics: createMetrics({ service: 'navigator' }) });
let dir: string;
let path: string;

beforeEach(async () => {
  dir = await makeTempDir();
  path = join(dir, 'roots.pem');
});
afterEach(() => removeDir(dir));

function bundle(generation: number, ...pems: string[]): PublishedBundle {
  const roots = pems.map((pem) => ({ id: pem, pem, der: new Uint8Array() }));
  return { generation, trustDomain: 'frameworks.test', createdUnixMs: 0, roots, intermediates: [] };
}

test('readable by everybody on the host, replaced at once, nothing left beside it', async () => {
  await writeTrustBundleFile(path, bundle(1, 'a\n'), events);
  await writeTrustBundleFile(path, bundle(2, 'a\n', 'b\n'), events);
  expect(await readFile(path, 'utf8')).toBe('a\nb\n');
  expect((await stat(path)).mode & 0o777).toBe(0o644);
  expect(await readdir(dir)).toEqual(['roots.pem']);
});

test('the same roots leave the file as old as it is', async () => {
  await writeTrustBundleFile(path, bundle(1, 'a\n'), events);
  await utimes(path, 1_000, 1_000);
  await writeTrustBundleFile(path, bundle(2, 'a\n'), events);
  expect((await stat(path)).mtimeMs).toBe(1_000_000);
});

test('says in one sentence that it cannot write', async () => {
  const lost = join(dir, 'missing', 'roots.pem');
  await expect(writeTrustBundleFile(lost, bundle(1, 'a\n'), events)).rejects.toMatchObject({
    reason: 'TRUST_BUNDLE_FILE_UNWRITABLE',
    message: expect.stringContaining(lost),
  });
});
