import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeTempDir, removeDir } from '@frameworks/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { exportPrivateKeyPem } from '../ca/keys.ts';
import { toCredential } from '../source/certificate-source.ts';
import { createTestAuthority, testServiceId } from '../testing.ts';
import { IdentityDirectory, type KeptIdentity } from './identity-directory.ts';

const token = 'join_0123456789abcdefghijklmnopqrstuvwxyzABCDEF';
let parent: string;
let path: string;
let directory: IdentityDirectory;

beforeEach(async () => {
  parent = await makeTempDir();
  path = join(parent, 'identity');
  directory = new IdentityDirectory(path);
});
afterEach(() => removeDir(parent));

async function newIdentity(): Promise<KeptIdentity> {
  const material = await (await createTestAuthority()).issue(testServiceId('quartermaster'));
  return { credential: toCredential(material), bundleGeneration: 3, renewAtUnixMs: 4_000, savedUnixMs: 2_000 };
}

async function keyPem(joinToken: string, from = directory): Promise<string> {
  return await exportPrivateKeyPem((await from.joinKey(joinToken)).privateKey);
}

describe('IdentityDirectory', () => {
  test('gives back what it was given, and keeps it from others', async () => {
    const identity = await newIdentity();
    await directory.save(identity);
    expect(await new IdentityDirectory(path).load()).toEqual(identity);
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    for (const name of await readdir(path)) expect((await stat(join(path, name))).mode & 0o777).toBe(0o600);
    expect(await readdir(path)).toEqual(['identity.json']);
  });

  test('has nothing at first', async () => {
    expect(await directory.load()).toBeUndefined();
  });

  test.each([
    ['cut off', (text: string) => text.slice(0, text.length / 2)],
    ['another JSON', () => '[1]'],
    ['a part missing', (text: string) => text.replace('trustBundlePem', 'other')],
    ['a number missing', (text: string) => text.replace('renewAtUnixMs', 'other')],
    [
      'a key of somebody else',
      async (text: string) => {
        const { credential } = await newIdentity();
        return JSON.stringify({ ...JSON.parse(text), privateKeyPem: credential.privateKeyPem });
      },
    ],
  ])('a damaged file counts as none: %s', async (_, damage) => {
    await directory.save(await newIdentity());
    const file = join(path, 'identity.json');
    await writeFile(file, await damage(await readFile(file, 'utf8')));
    expect(await directory.load()).toBeUndefined();
  });

  test('a token has one key, also after a restart; another token has another', async () => {
    const first = await keyPem(token);
    expect(await keyPem(token)).toBe(first);
    expect(await keyPem(token, new IdentityDirectory(path))).toBe(first);
    expect(await keyPem(`${token}x`)).not.toBe(first);
  });

  test('does not keep the token itself', async () => {
    await directory.joinKey(token);
    expect(await readFile(join(path, 'join-key.json'), 'utf8')).not.toContain(token);
  });

  test('says in one sentence that it cannot write', async () => {
    await writeFile(path, 'a file where the directory should be');
    await chmod(path, 0o600);
    await expect(directory.joinKey(token)).rejects.toMatchObject({
      reason: 'IDENTITY_DIR_UNWRITABLE',
      message: expect.stringContaining(path),
    });
  });
});
