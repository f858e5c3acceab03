import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { ServiceError } from '@frameworks/kit/errors';
import { type Actor, actorRoles } from '@frameworks/kit/rpc/peer';
import type { Clock } from '@frameworks/std';
import { errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';

/**
 * Access tokens of users: short JWTs signed with Ed25519 (no nonce to get wrong, no parameters to choose). Keys rotate by id:
 * the newest signs, all of the ring verify; drop a key one token lifetime after the last signature with it.
 */
export interface TokenKey {
  kid: string;
  /** PKCS#8 PEM; absent where tokens are only verified. */
  privateKeyPem?: string;
  /** SPKI PEM. */
  publicKeyPem: string;
}

export interface UserTokenOptions {
  issuer: string;
  audience: string;
  /** Newest first. */
  keys: readonly TokenKey[];
  clock: Clock;
}

export interface UserClaims extends Actor {
  /** The refresh family this access token came from. */
  sessionId: string;
}

const type = 'user+jwt';
const algorithm = 'EdDSA';
/** A stolen token is good no longer than this. */
export const maxUserTokenMs = 15 * 60 * 1000;
/** Ours have about 400 characters; a parser is not fed much more. */
const maxTokenLength = 4 * 1024;
/** Clocks of issuer and verifier may differ by this much, seconds. */
const clockToleranceS = 5;

export function generateTokenKey(kid: string): TokenKey & { privateKeyPem: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return {
    kid,
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

const invalid = (reason: string, cause?: unknown) =>
  new ServiceError('UNAUTHENTICATED', reason, { message: 'the access token is not valid', cause });

/** Signs and verifies users' access tokens with one ring of keys. */
export class UserTokens {
  readonly #options: UserTokenOptions;
  readonly #verifying: ReadonlyMap<string, KeyObject>;
  readonly #signing: { kid: string; key: KeyObject } | undefined;

  constructor(options: UserTokenOptions) {
    this.#options = options;
    this.#verifying = new Map(options.keys.map(({ kid, publicKeyPem }) => [kid, createPublicKey(publicKeyPem)]));
    const newest = options.keys.find(({ privateKeyPem }) => privateKeyPem !== undefined);
    this.#signing = newest?.privateKeyPem
      ? { kid: newest.kid, key: createPrivateKey(newest.privateKeyPem) }
      : undefined;
  }

  /** `lifetimeMs` is at most 15 minutes, and that by default. Throws FAILED_PRECONDITION / NO_SIGNING_KEY. */
  async sign(claims: UserClaims, lifetimeMs = maxUserTokenMs): Promise<string> {
    if (!this.#signing)
      throw new ServiceError('FAILED_PRECONDITION', 'NO_SIGNING_KEY', { message: 'this ring only verifies' });
    const { issuer, audience, clock } = this.#options;
    const nowS = Math.floor(clock.now() / 1000);
    return await new SignJWT({ tid: claims.tenantId, role: claims.role, sid: claims.sessionId })
      .setProtectedHeader({ alg: algorithm, typ: type, kid: this.#signing.kid })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject(claims.userId)
      .setIssuedAt(nowS)
      .setExpirationTime(nowS + Math.floor(Math.min(lifetimeMs, maxUserTokenMs) / 1000))
      .sign(this.#signing.key);
  }

  /** Throws UNAUTHENTICATED: TOKEN_EXPIRED (refresh it) or TOKEN_INVALID (log in again). */
  async verify(token: string): Promise<UserClaims> {
    const { issuer, audience, clock } = this.#options;
    if (token.length > maxTokenLength) throw invalid('TOKEN_INVALID');
    try {
      const { payload } = await jwtVerify(token, ({ kid }) => this.#keyOf(kid), {
        issuer,
        audience,
        typ: type,
        algorithms: [algorithm],
        currentDate: new Date(clock.now()),
        clockTolerance: clockToleranceS,
        maxTokenAge: maxUserTokenMs / 1000,
        requiredClaims: ['exp', 'iat', 'sub'],
      });
      return toUserClaims(payload);
    } catch (cause) {
      throw invalid(cause instanceof errors.JWTExpired ? 'TOKEN_EXPIRED' : 'TOKEN_INVALID', cause);
    }
  }

  #keyOf(kid: string | undefined): KeyObject {
    const key = this.#verifying.get(kid ?? '');
    if (key) return key;
    throw new Error('signed with a key that is not in the ring');
  }
}

/** Claims of a verified payload; throws when one is missing or of another kind. */
export function toActor(payload: JWTPayload): Actor {
  const { sub, tid, role } = payload;
  const known = actorRoles.find((candidate) => candidate === role);
  if (typeof sub !== 'string' || sub === '' || typeof tid !== 'string' || !known) throw new Error('a claim is missing');
  // What an absent field of a message reads as must never be somebody's tenant.
  if (tid === '' && known !== 'operator') throw new Error('only operators belong to no tenant');
  return { userId: sub, tenantId: tid, role: known };
}

function toUserClaims(payload: JWTPayload): UserClaims {
  if (typeof payload.sid !== 'string') throw new Error('a claim is missing');
  return { ...toActor(payload), sessionId: payload.sid };
}
