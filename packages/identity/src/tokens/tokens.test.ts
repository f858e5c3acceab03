import { FakeClock } from '@frameworks/std';
import { decodeProtectedHeader, SignJWT } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { StaticCertificateSource } from '../source/certificate-source.ts';
import { findPeerIdentity, parseSpiffeId } from '../spiffe.ts';
import { createTestAuthority, type TestAuthority, testServiceId, testSpiffeId } from '../testing.ts';
import { ActorVerifier, signActorToken } from './actor-token.ts';
import { hashSecret, isWellFormedSecret, mintSecret, secretMatches, secretPrefixes } from './secret.ts';
import { generateTokenKey, UserTokens } from './user-token.ts';

const actor = { userId: 'u1', tenantId: 't1', role: 'owner' as const };
const bridgeId = parseSpiffeId(testServiceId('bridge', 'access'));
const claims = { ...actor, sessionId: 's1' };

describe('secrets', () => {
  it.each(secretPrefixes)('%s… carries its prefix, 165 bits and a checksum', (prefix) => {
    const secrets = Array.from({ length: 200 }, () => mintSecret(prefix));
    expect(new Set(secrets).size).toBe(200);
    for (const secret of secrets) {
      expect(secret).toMatch(new RegExp(`^${prefix}[0-9a-hjkmnp-tv-z]{36}$`));
      expect(isWellFormedSecret(secret, prefix)).toBe(true);
    }
  });

  it('sees typing mistakes', () => {
    const secret = mintSecret('sk_');
    expect(isWellFormedSecret(secret, 'fw_')).toBe(false);
    expect(isWellFormedSecret(secret.slice(1), 'sk_')).toBe(false);
    expect(isWellFormedSecret(`${secret}0`, 'sk_')).toBe(false);
    expect(isWellFormedSecret('', 'sk_')).toBe(false);
    const caught = Array.from(secret.slice(3, -3)).filter((character, index) => {
      const other = character === '0' ? '1' : '0';
      return !isWellFormedSecret(secret.slice(0, 3 + index) + other + secret.slice(4 + index), 'sk_');
    });
    expect(caught.length).toBe(33);
  });

  it('are stored as a hash and compared with it', () => {
    const secret = mintSecret('join_');
    const hash = hashSecret(secret);
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(secretMatches(secret, hash)).toBe(true);
    expect(secretMatches(mintSecret('join_'), hash)).toBe(false);
    expect(secretMatches(secret, '')).toBe(false);
  });
});

describe('user tokens', () => {
  const clock = new FakeClock();
  const [first, second] = [generateTokenKey('k1'), generateTokenKey('k2')];
  const base = { issuer: 'https://bridge.example.test', audience: 'frameworks', clock };
  const ring = (...keys: (typeof first)[]) => new UserTokens({ ...base, keys });

  it('round-trip, last at most 15 minutes, and say when they have ended', async () => {
    const tokens = ring(first);
    const token = await tokens.sign(claims, 3_600_000);
    expect(await tokens.verify(token)).toEqual(claims);
    await clock.advance(15 * 60_000 + 6_000);
    await expect(tokens.verify(token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED', reason: 'TOKEN_EXPIRED' });
  });

  it('are signed with the newest key and verified with all of the ring', async () => {
    const old = await ring(first).sign(claims);
    const both = ring(second, first);
    const fresh = await both.sign(claims);
    expect(decodeProtectedHeader(fresh)).toEqual({ alg: 'EdDSA', typ: 'user+jwt', kid: 'k2' });
    expect(await both.verify(old)).toEqual(claims);
    expect(await both.verify(fresh)).toEqual(claims);
    await expect(ring(second).verify(old)).rejects.toMatchObject({ reason: 'TOKEN_INVALID' });
    const { kid, publicKeyPem } = second;
    const verifying = new UserTokens({ ...base, keys: [{ kid, publicKeyPem }] });
    expect(await verifying.verify(fresh)).toEqual(claims);
    await expect(verifying.sign(claims)).rejects.toMatchObject({ reason: 'NO_SIGNING_KEY' });
  });

  it('are refused for another issuer or audience, another type, no signature, a symmetric one, or a changed byte', async () => {
    const tokens = ring(first);
    const token = await tokens.sign(claims);
    const refused = { code: 'UNAUTHENTICATED', reason: 'TOKEN_INVALID' };
    const others = [
      await new UserTokens({ ...base, issuer: 'https://else.test', keys: [first] }).sign(claims),
      await new UserTokens({ ...base, audience: 'else', keys: [first] }).sign(claims),
      await ring(generateTokenKey('k1')).sign(claims),
      `${Buffer.from('{"alg":"none","typ":"user+jwt","kid":"k1"}').toString('base64url')}.${token.split('.')[1]}.`,
      await new SignJWT({})
        .setProtectedHeader({ alg: 'HS256', typ: 'user+jwt', kid: 'k1' })
        .sign(Buffer.from(first.publicKeyPem)),
      token.replace(/\.[^.]*\./, `.${Buffer.from('{"sub":"admin","role":"operator"}').toString('base64url')}.`),
      '',
      'a.b.c',
      'x'.repeat(100_000),
    ];
    for (const other of others) await expect(tokens.verify(other)).rejects.toMatchObject(refused);
  });
});

describe('actor tokens', () => {
  let authority: TestAuthority;
  let bridge: StaticCertificateSource;
  let service: StaticCertificateSource;
  const clock = new FakeClock(Date.now());

  beforeAll(async () => {
    authority = await createTestAuthority();
    bridge = new StaticCertificateSource(await authority.issue(testServiceId('bridge', 'access')));
    service = new StaticCertificateSource(await authority.issue(testServiceId('commodore')));
  });

  it('are verified with nothing but the trust bundle', async () => {
    const verifier = new ActorVerifier({ source: service, clock });
    expect(await verifier.verify(await signActorToken(actor, { source: bridge, clock }), bridgeId)).toEqual(actor);
    expect(
      await verifier.verify(await signActorToken({ ...actor, userId: 'u2' }, { source: bridge, clock }), bridgeId),
    ).toMatchObject({ userId: 'u2' });
  });

  it('end after at most a minute', async () => {
    const verifier = new ActorVerifier({ source: service, clock });
    const token = await signActorToken(actor, { source: bridge, clock, lifetimeMs: 3_600_000 });
    await clock.advance(59_000);
    expect(await verifier.verify(token, bridgeId)).toEqual(actor);
    await clock.advance(8_000);
    await expect(verifier.verify(token, bridgeId)).rejects.toMatchObject({ reason: 'ACTOR_TOKEN_EXPIRED' });
  });

  it('are refused from a service that may not vouch for users, from another CA, and as user tokens', async () => {
    const verifier = new ActorVerifier({ source: service, clock });
    const refused = { code: 'UNAUTHENTICATED', reason: 'ACTOR_TOKEN_INVALID' };
    const stranger = new StaticCertificateSource(
      await (await createTestAuthority()).issue(testServiceId('bridge', 'access')),
    );
    const impostor = new StaticCertificateSource(await authority.issue(testServiceId('bridge', 'control')));
    for (const source of [service, stranger, impostor]) {
      await expect(verifier.verify(await signActorToken(actor, { source, clock }), bridgeId)).rejects.toMatchObject(
        refused,
      );
    }
    const key = generateTokenKey('k');
    const user = await new UserTokens({ issuer: 'i', audience: 'frameworks', keys: [key], clock }).sign(claims);
    for (const text of [user, '', 'x'.repeat(20_000)])
      await expect(verifier.verify(text, bridgeId)).rejects.toMatchObject(refused);
    const token = await signActorToken(actor, { source: bridge, clock });
    const [header, , signature] = token.split('.');
    const raised = `${header}.${Buffer.from('{"sub":"u1","tid":"t1","role":"operator"}').toString('base64url')}.${signature}`;
    await expect(verifier.verify(raised, bridgeId)).rejects.toMatchObject(refused);
  });

  it('count only from the instance that signed them: a service that got one cannot use it elsewhere', async () => {
    const verifier = new ActorVerifier({ source: service, clock });
    const token = await signActorToken(actor, { source: bridge, clock });
    const presenters = [
      ['nobody', undefined, 'ACTOR_NOT_ACCEPTED'],
      ['a service that received it', testServiceId('commodore'), 'ACTOR_NOT_ACCEPTED'],
      ['a namesake in another plane', testServiceId('bridge', 'control'), 'ACTOR_NOT_ACCEPTED'],
      ['a Foghorn', testSpiffeId({ kind: 'foghorn', instance: 'bridge' }), 'ACTOR_NOT_ACCEPTED'],
      ['another Bridge', testServiceId('bridge', 'access', 'b'), 'ACTOR_TOKEN_INVALID'],
    ] as const;
    for (const [who, uri, reason] of presenters) {
      const attempt = verifier.verify(token, findPeerIdentity(uri ?? ''));
      await expect(attempt, who).rejects.toMatchObject({ code: 'UNAUTHENTICATED', reason });
    }
    expect(await verifier.verify(token, bridgeId)).toEqual(actor);
  });

  it('make nobody but operators a member of no tenant', async () => {
    const verifier = new ActorVerifier({ source: service, clock });
    const sign = (role: 'owner' | 'operator') =>
      signActorToken({ ...actor, tenantId: '', role }, { source: bridge, clock });
    expect(await verifier.verify(await sign('operator'), bridgeId)).toMatchObject({ role: 'operator' });
    await expect(verifier.verify(await sign('owner'), bridgeId)).rejects.toMatchObject({
      reason: 'ACTOR_TOKEN_INVALID',
    });
  });

  it('stop being accepted when their root is no longer trusted, remembered chains included', async () => {
    const source = new StaticCertificateSource(await authority.issue(testServiceId('commodore')));
    const verifier = new ActorVerifier({ source, clock });
    const token = await signActorToken(actor, { source: bridge, clock });
    await verifier.verify(token, bridgeId);
    source.replace(await (await createTestAuthority()).issue(testServiceId('commodore')));
    await expect(verifier.verify(token, bridgeId)).rejects.toMatchObject({ reason: 'ACTOR_TOKEN_INVALID' });
  });
});
