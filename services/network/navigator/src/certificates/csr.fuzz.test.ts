import { generateKeyPairSync, webcrypto } from 'node:crypto';
import { createCsr } from '@frameworks/identity/ca/csr';
import { ServiceError } from '@frameworks/kit/errors';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { readCsr } from './csr.ts';

let good: Uint8Array;

beforeAll(async () => {
  good = await newDer();
});

async function newDer(): Promise<Uint8Array> {
  const { csrPem } = await createCsr();
  return new Uint8Array(Buffer.from(csrPem.replace(/-----[^-]+-----|\s/g, ''), 'base64'));
}

async function outcomeOf(der: Uint8Array): Promise<string> {
  try {
    const { keySha256 } = await readCsr(der);
    return Buffer.from(keySha256).toString('hex');
  } catch (error) {
    // Anything else would reach the caller as an internal error.
    if (error instanceof ServiceError && error.code === 'INVALID_ARGUMENT') return error.reason;
    throw error;
  }
}

const options = {
  interruptAfterTimeLimit: Number(process.env.FUZZ_MS ?? 2_000),
  markInterruptAsFailure: false,
  numRuns: 100_000,
};

describe('readCsr', () => {
  test('a good one names its key', async () => {
    expect(await outcomeOf(good)).toMatch(/^[0-9a-f]{64}$/);
    expect(await outcomeOf(await newDer())).not.toBe(await outcomeOf(good));
  });

  test.each([
    ['nothing', () => new Uint8Array()],
    ['one byte', () => Uint8Array.of(0x30)],
    ['more than the contract allows', () => new Uint8Array(16 * 1024 + 1)],
    ['as much as it allows, of zeros', () => new Uint8Array(16 * 1024)],
    ['a length that lies', () => Uint8Array.of(0x30, 0x84, 0xff, 0xff, 0xff, 0xff)],
    ['deep nesting', () => new Uint8Array(8_000).fill(0x30)],
    [
      'a private key',
      () =>
        new Uint8Array(
          generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'der' }),
        ),
    ],
    [
      'only the public key',
      () =>
        new Uint8Array(
          generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'der' }),
        ),
    ],
  ])('%s is CSR_INVALID', async (_, make) => {
    expect(await outcomeOf(make())).toBe('CSR_INVALID');
  });

  test.each([
    ['P-384', { name: 'ECDSA', namedCurve: 'P-384' }, { name: 'ECDSA', hash: 'SHA-384' }],
    [
      'RSA 1024',
      { name: 'RSASSA-PKCS1-v1_5', modulusLength: 1024, publicExponent: Uint8Array.of(1, 0, 1), hash: 'SHA-256' },
      { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
    ],
  ])('a key we do not certify: %s', async (_, keyAlgorithm, signingAlgorithm) => {
    const { Pkcs10CertificateRequestGenerator } = await import('@frameworks/identity/ca/x509');
    const keys = await webcrypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify']);
    const csr = await Pkcs10CertificateRequestGenerator.create({ keys, signingAlgorithm });
    expect(await outcomeOf(new Uint8Array(csr.rawData))).toBe('CSR_INVALID');
  });

  test('no bytes at all get anything but a refusal', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2_000 }), async (der) => {
        expect(await outcomeOf(der)).toBe('CSR_INVALID');
      }),
      options,
    );
  }, 60_000);

  test('a good one with any byte changed is refused, or the byte did not matter: it never names another key', async () => {
    const goodKey = await outcomeOf(good);
    const flips = fc.record({
      at: fc.nat({ max: 10_000 }),
      mask: fc.integer({ min: 1, max: 255 }),
      cut: fc.option(fc.nat({ max: 500 })),
    });
    await fc.assert(
      fc.asyncProperty(flips, async ({ at, mask, cut }) => {
        const changed = good.slice(0, cut ?? good.length);
        if (changed.length > 0) changed[at % changed.length] = (changed[at % changed.length] ?? 0) ^ mask;
        // A few bytes of framing are neither signed nor read.
        expect(['CSR_INVALID', goodKey]).toContain(await outcomeOf(changed));
      }),
      options,
    );
  }, 60_000);
});
