import { ServiceError } from '@frameworks/kit/errors';
import { FakeClock } from '@frameworks/std';
import fc from 'fast-check';
import { CompactSign } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { createCsr, verifyCsr } from './ca/csr.ts';
import { importKeyPair } from './ca/keys.ts';
import { splitPem } from './ca/pem.ts';
import { seal, unseal } from './ca/seal.ts';
import { verifyPeer } from './ca/verify.ts';
import { StaticCertificateSource, toCredential } from './source/certificate-source.ts';
import { parseSpiffeId } from './spiffe.ts';
import { createTestAuthority, type TestAuthority, testServiceId } from './testing.ts';
import { ActorVerifier, signActorToken } from './tokens/actor-token.ts';
import { isWellFormedSecret, mintSecret } from './tokens/secret.ts';
import { generateTokenKey, UserTokens } from './tokens/user-token.ts';

const timeMs = Number(process.env.FUZZ_MS ?? '2000') / 4;
const run = { interruptAfterTimeLimit: timeMs, numRuns: 50_000 };
/** Whatever a stranger sends, an answer takes no longer than this, milliseconds; generous, for busy machines. */
const longestMs = 2_000;
const clock = new FakeClock(Date.now());
const actor = { userId: 'u1', tenantId: 't1', role: 'owner' as const };
const bridgeId = parseSpiffeId(testServiceId('bridge', 'access'));

let authority: TestAuthority;
let bridge: StaticCertificateSource;
let verifier: ActorVerifier;
let csrPem: string;
let chainPem: string;
beforeAll(async () => {
  authority = await createTestAuthority();
  bridge = new StaticCertificateSource(await authority.issue(testServiceId('bridge', 'access')));
  verifier = new ActorVerifier({ source: bridge, clock });
  csrPem = (await createCsr()).csrPem;
  chainPem = (await authority.issue(testServiceId('caller'))).certificateChainPem;
});

/** Text with a few characters changed, dropped, doubled, or a piece put elsewhere. */
interface Damage {
  at: number;
  length: number;
  insert: string;
}
const pieces = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.constantFrom(
    '',
    '-----BEGIN CERTIFICATE-----',
    '-----END CERTIFICATE-----',
    '-----',
    '\n',
    '.',
    '..',
    '=',
    'A',
    '\0',
  ),
);
const damage = fc.array(fc.record({ at: fc.nat(5_000), length: fc.nat(40), insert: pieces }), {
  minLength: 1,
  maxLength: 4,
});
const apply = (text: string, damages: readonly Damage[]) =>
  damages.reduce((given, { at, length, insert }) => {
    const from = at % (given.length + 1);
    return given.slice(0, from) + insert + given.slice(from + length);
  }, text);

/** Must be refused as the sender's fault, or accepted as what the undamaged text says. */
async function outcomeOf<T>(attempt: () => T | Promise<T>): Promise<T | 'refused'> {
  const beganMs = performance.now();
  try {
    return await attempt();
  } catch (error) {
    // Anything else would reach the sender as an internal error and us as an alarm.
    if (!(error instanceof ServiceError) || error.code === 'INTERNAL') throw error;
    return 'refused';
  } finally {
    expect(performance.now() - beganMs).toBeLessThan(longestMs);
  }
}

describe('texts made to hurt a parser', () => {
  const begin = '-----BEGIN CERTIFICATE-----';
  const nasty: [string, string][] = [
    ['dashes', '-'.repeat(8_000)],
    ['headers without end', begin.repeat(300)],
    ['headers and blanks', `${begin}${' '.repeat(50)}`.repeat(100)],
    ['a header and blanks', begin + ' \n'.repeat(4_000)],
    ['a header and colons', `-----BEGIN CERTIFICATE REQUEST-----\n${'a: b\n'.repeat(1_500)}`],
    ['hexadecimal', '30'.repeat(4_000)],
    [
      'deep nesting',
      `-----BEGIN CERTIFICATE REQUEST-----\n${Buffer.alloc(5_000, 0x30).toString('base64')}\n-----END CERTIFICATE REQUEST-----`,
    ],
    [
      'a length that lies',
      `${begin}\n${Buffer.from([0x30, 0x84, 0xff, 0xff, 0xff, 0xff]).toString('base64')}\n-----END CERTIFICATE-----`,
    ],
    ['dots', '.'.repeat(8_000)],
    ['an endless header', `${Buffer.from(`{"a":${'['.repeat(3_000)}`).toString('base64url')}.e30.AA`],
  ];
  it.each(nasty)('%s', async (_, text) => {
    const parsers: (() => unknown)[] = [
      () => verifyCsr(text),
      () => importKeyPair(text),
      () => verifyPeer({ chainPem: text, trustBundlePem: authority.root.certificatePem, nowMs: clock.now() }),
      () => toCredential({ certificateChainPem: text, privateKeyPem: text, trustBundlePem: text }),
      () => verifier.verify(text, bridgeId),
      () => unseal(text, 'a secret of the config', 'root key'),
    ];
    for (const parse of parsers) expect(await outcomeOf(parse)).toBe('refused');
    expect(splitPem(text.repeat(20)).length).toBeLessThanOrEqual(20);
  });
});

describe('damaged texts', () => {
  it('no CSR is anything but refused or its own', async () => {
    await fc.assert(
      fc.asyncProperty(damage, async (damages) => void (await outcomeOf(() => verifyCsr(apply(csrPem, damages))))),
      run,
    );
  });

  it('no chain proves another identity', async () => {
    const options = { trustBundlePem: authority.root.certificatePem, nowMs: clock.now() };
    await fc.assert(
      fc.asyncProperty(damage, async (damages) => {
        const peer = await outcomeOf(() => verifyPeer({ ...options, chainPem: apply(chainPem, damages) }));
        if (peer !== 'refused') expect(peer.identity.uri).toBe(testServiceId('caller'));
      }),
      run,
    );
  });

  it('no actor token speaks for another user, and no user token either', async () => {
    const token = await signActorToken(actor, { source: bridge, clock });
    const tokens = new UserTokens({ issuer: 'i', audience: 'a', keys: [generateTokenKey('k')], clock });
    const access = await tokens.sign({ ...actor, sessionId: 's' });
    await fc.assert(
      fc.asyncProperty(damage, async (damages) => {
        expect([actor, 'refused']).toContainEqual(
          await outcomeOf(() => verifier.verify(apply(token, damages), bridgeId)),
        );
        const claims = await outcomeOf(() => tokens.verify(apply(access, damages)));
        expect([{ ...actor, sessionId: 's' }, 'refused']).toContainEqual(claims);
      }),
      run,
    );
  });

  it('no header of an actor token brings its own trust', async () => {
    const key = (await createCsr()).keys.privateKey;
    const claims = new TextEncoder().encode(
      JSON.stringify({ sub: 'admin', tid: '', role: 'operator', iss: bridgeId.uri }),
    );
    const chain = splitPem(chainPem).map((pem) => pem.replace(/-----[^-]+-----|\s/g, ''));
    const entry = fc.oneof(fc.constantFrom(...chain), fc.base64String({ maxLength: 200 }), fc.jsonValue());
    const x5c = fc.oneof(fc.array(entry, { maxLength: 5 }), fc.jsonValue());
    const header = fc.record({
      x5c,
      kid: fc.jsonValue(),
      jwk: fc.jsonValue(),
      typ: fc.constantFrom('actor+jwt', 'JWT'),
    });
    await fc.assert(
      fc.asyncProperty(header, async (given) => {
        // A hostile header keeps no promise about its types.
        const protectedHeader = { ...given, alg: 'ES256' } as unknown as { alg: string };
        const token = await new CompactSign(claims)
          .setProtectedHeader(protectedHeader)
          .sign(key)
          .catch(() => 'x.y.z');
        expect(await outcomeOf(() => verifier.verify(token, bridgeId))).toBe('refused');
      }),
      run,
    );
  });

  it('no sealed text opens as another, and none of the wrong form costs a derivation', async () => {
    const sealed = await seal('the key', 'a secret of the config', 'root key');
    const [format, salt, nonce, body] = sealed.split('.');
    const malformed = [
      [format, salt, nonce],
      [format, '', nonce, body],
      [format, `${salt}${salt}`, nonce, body],
      [format, salt, nonce, body, ''],
      ['seal2', salt, nonce, body],
    ];
    const beganMs = process.cpuUsage().user;
    for (let n = 0; n < 200; n++) {
      const text = malformed[n % malformed.length]?.join('.') ?? '';
      expect(await outcomeOf(() => unseal(text, 'a secret of the config', 'root key'))).toBe('refused');
    }
    expect(process.cpuUsage().user - beganMs).toBeLessThan(1_000_000);
    await fc.assert(
      fc.asyncProperty(damage, async (damages) => {
        const opened = await outcomeOf(() => unseal(apply(sealed, damages), 'a secret of the config', 'root key'));
        expect(['the key', 'refused']).toContain(opened);
      }),
      { ...run, numRuns: 10 },
    );
  });

  it('no secret is well-formed by accident of its length', () => {
    const secret = mintSecret('join_');
    fc.assert(
      fc.property(damage, (damages) => {
        const text = apply(secret, damages);
        if (text.length !== secret.length) expect(isWellFormedSecret(text, 'join_')).toBe(false);
      }),
      run,
    );
  });
});
