import { describe, expect, test } from 'vitest';
import { parseSeedFile } from './seed-file.ts';

const domain = 'frameworks.test';
const good = {
  spiffeId: `spiffe://${domain}/control/quartermaster/qm-1`,
  sha256: 'ab'.repeat(32),
  expiresAt: '2030-01-02T03:04:05Z',
};

describe('parseSeedFile', () => {
  test('services and Foghorns', () => {
    const foghorn = { ...good, spiffeId: `spiffe://${domain}/foghorn/fh-1`, expiresAt: '2030-01-02T03:04:05.250Z' };
    expect(parseSeedFile(JSON.stringify([good, foghorn]), domain)).toEqual({
      seeds: [
        { spiffeId: good.spiffeId, secretSha256: Buffer.alloc(32, 0xab), expiresUnixMs: Date.UTC(2030, 0, 2, 3, 4, 5) },
        {
          spiffeId: foghorn.spiffeId,
          secretSha256: Buffer.alloc(32, 0xab),
          expiresUnixMs: Date.UTC(2030, 0, 2, 3, 4, 5, 250),
        },
      ],
      mistakes: [],
    });
  });

  test('an empty list is fine', () => {
    expect(parseSeedFile('[]', domain)).toEqual({ seeds: [], mistakes: [] });
  });

  test.each(['', 'no json', '{}', 'null', '"join_x"'])('not a list: %j', (text) => {
    expect(parseSeedFile(text, domain)).toMatchObject({ seeds: [], mistakes: [expect.stringContaining('JSON array')] });
  });

  test.each([
    ['not an object', 7, 'must be an object'],
    ['no identity', { ...good, spiffeId: undefined }, 'spiffeId must be'],
    ['no identity of ours', { ...good, spiffeId: 'spiffe://x' }, 'spiffeId must be'],
    ['a node', { ...good, spiffeId: `spiffe://${domain}/cluster/c/node/n` }, 'of a node'],
    ['another domain', { ...good, spiffeId: 'spiffe://other.test/foghorn/f' }, 'not in the trust domain'],
    ['an upper-case hash', { ...good, sha256: 'AB'.repeat(32) }, 'sha256 must be'],
    ['a short hash', { ...good, sha256: 'ab' }, 'sha256 must be'],
    ['a time without a zone', { ...good, expiresAt: '2030-01-02T03:04:05' }, 'expiresAt must be'],
    ['a number as time', { ...good, expiresAt: 1 }, 'expiresAt must be'],
    ['a day that is none', { ...good, expiresAt: '2030-13-41T00:00:00Z' }, 'expiresAt must be'],
    ['the secret itself', { ...good, secret: 'join_abc' }, '"secret" is not a property'],
  ])('%s is a mistake, and the next entry counts', (_, bad, mistake) => {
    const { seeds, mistakes } = parseSeedFile(JSON.stringify([bad, good]), domain);
    expect(seeds).toHaveLength(1);
    expect(mistakes).toEqual([expect.stringMatching(/^entry 1: /)]);
    expect(mistakes[0]).toContain(mistake);
  });

  test('every mistake of an entry', () => {
    expect(parseSeedFile('[{}]', domain).mistakes).toHaveLength(3);
  });
});
