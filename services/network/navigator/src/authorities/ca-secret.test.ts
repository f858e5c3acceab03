import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeTempDir, removeDir } from '@frameworks/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StoredAuthority } from './authority-store.ts';
import { createKeyVault, readCaSecret } from './ca-secret.ts';

let directory: string;
beforeAll(async () => {
  directory = await makeTempDir();
});
afterAll(() => removeDir(directory));

const secret = 'a secret that is long enough to keep one';
const keyPem = '-----BEGIN PRIVATE KEY-----\nnot really\n-----END PRIVATE KEY-----\n';

function stored(id: string, sealedKey: string): StoredAuthority {
  return {
    id,
    kind: 'root',
    generation: 1,
    issuerId: undefined,
    trustDomain: 'frameworks.test',
    certificatePem: '',
    notBeforeUnixMs: 0,
    notAfterUnixMs: 1,
    createdUnixMs: 0,
    signsFromUnixMs: 0,
    retiredUnixMs: undefined,
    sealedKey,
  };
}

describe('readCaSecret', () => {
  test('without the line break at its end', async () => {
    const path = join(directory, 'good');
    await writeFile(path, `${secret}\n`);
    expect(await readCaSecret(path)).toBe(secret);
  });
  test('31 bytes are too few, however much white space is around them', async () => {
    const path = join(directory, 'short');
    await writeFile(path, `${'x'.repeat(31)}      \n`);
    await expect(readCaSecret(path)).rejects.toMatchObject({ reason: 'CA_SECRET_TOO_SHORT' });
  });
  test('a missing file is named', async () => {
    const path = join(directory, 'missing');
    await expect(readCaSecret(path)).rejects.toMatchObject({
      reason: 'CA_SECRET_UNREADABLE',
      message: expect.stringContaining(path),
    });
  });
});

describe('createKeyVault', () => {
  test('opens what it sealed; nothing of the key shows', async () => {
    const sealed = await createKeyVault(secret).seal('one', keyPem);
    expect(sealed).not.toContain('not really');
    expect(await createKeyVault(secret).open(stored('one', sealed))).toBe(keyPem);
  });
  test.each([
    ['another secret', 'one', (sealed: string) => sealed, `${secret}!`],
    ['another authority', 'two', (sealed: string) => sealed, secret],
    ['a changed byte', 'one', (sealed: string) => `${sealed.slice(0, -3)}AAA`, secret],
    ['nothing', 'one', () => '', secret],
  ])('%s does not open', async (_, id, change, otherSecret) => {
    const sealed = await createKeyVault(secret).seal('one', keyPem);
    const opening = createKeyVault(otherSecret).open(stored(id, change(sealed)));
    await expect(opening).rejects.toMatchObject({ code: 'FAILED_PRECONDITION', reason: 'CA_SECRET_WRONG' });
    await expect(opening).rejects.not.toHaveProperty('message', expect.stringContaining(otherSecret));
  });
});
