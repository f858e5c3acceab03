import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeTempDir, removeDir } from '@frameworks/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestAuthority, testServiceId } from '../testing.ts';
import { chooseTrust, readTrustFile, type Trust } from './trust.ts';

let a: string;
let b: string;
let directory: string;

beforeAll(async () => {
  directory = await makeTempDir();
  [a, b] = await Promise.all([newRoot(), newRoot()]);
});
afterAll(() => removeDir(directory));

async function newRoot(): Promise<string> {
  return (await createTestAuthority()).root.certificatePem;
}

function trust(pem: string, sinceUnixMs: number): Trust {
  return { pem, generation: 1, sinceUnixMs };
}

describe('chooseTrust', () => {
  test('the only one there is', () => {
    const only = trust(a, 1);
    expect(chooseTrust(undefined, undefined)).toBeUndefined();
    expect(chooseTrust(only, undefined)).toBe(only);
    expect(chooseTrust(undefined, only)).toBe(only);
  });
  test('a shared root: what was kept has followed the rotations, however old it is', () => {
    const kept = trust(a + b, 1);
    expect(chooseTrust(kept, trust(b, 9))).toBe(kept);
  });
  test('no shared root: the later word', () => {
    const kept = trust(a, 5);
    const older = trust(b, 4);
    const later = trust(b, 6);
    expect(chooseTrust(kept, older)).toBe(kept);
    expect(chooseTrust(kept, later)).toBe(later);
  });
});

describe('readTrustFile', () => {
  test('not there yet', async () => {
    expect(await readTrustFile(join(directory, 'nothing.pem'))).toBeUndefined();
  });
  test('roots with the time of the file', async () => {
    const path = join(directory, 'roots.pem');
    await writeFile(path, a + b);
    await utimes(path, 1_000, 1_000);
    expect(await readTrustFile(path)).toEqual({ pem: a + b, generation: 0, sinceUnixMs: 1_000_000 });
  });
  test.each([
    ['empty', async () => ''],
    ['no PEM', async () => 'hello'],
    ['a broken certificate', async () => a.replace(/[A-Z]{5}/, '?????')],
    ['a leaf', async () => (await (await createTestAuthority()).issue(testServiceId('x'))).certificateChainPem],
  ])('%s is refused', async (_, content) => {
    const path = join(directory, 'bad.pem');
    await writeFile(path, await content());
    await expect(readTrustFile(path)).rejects.toMatchObject({ reason: 'TRUST_BUNDLE_INVALID', retryable: false });
  });
  test('a directory is no file', async () => {
    await mkdir(join(directory, 'dir'));
    expect(await readTrustFile(join(directory, 'dir'))).toBeUndefined();
  });
});
