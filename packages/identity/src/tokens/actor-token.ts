import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { ServiceError } from '@frameworks/kit/errors';
import type { Actor, PeerIdentity } from '@frameworks/kit/rpc/peer';
import type { Clock } from '@frameworks/std';
import { errors, jwtVerify, SignJWT } from 'jose';
import { splitPem } from '../ca/pem.ts';
import { verifyPeer } from '../ca/verify.ts';
import type { Credential, CredentialSource } from '../source/certificate-source.ts';
import { toActor } from './user-token.ts';

/**
 * Passes a user on from Bridge to the services: signed with Bridge's own leaf key and carrying the chain (`x5c`), so the trust
 * bundle that every service holds already is all it takes to verify, and keys rotate with the leaves. Lives ≤ 60 s, and counts
 * only on a connection of the very instance that signed it: a service that receives one cannot use it elsewhere.
 */
const type = 'actor+jwt';
const audience = 'frameworks';
const algorithm = 'ES256';
export const maxActorTokenMs = 60_000;
const clockToleranceS = 5;
/** A chain of two P-256 certificates is about 2 KiB in base64. */
const maxTokenLength = 8 * 1024;
const maxCachedChains = 64;

interface Signer {
  key: KeyObject;
  x5c: string[];
}

/** Reading a key and a chain costs more than a signature, so each credential is read once. */
const signers = new WeakMap<Credential, Signer>();

function signerOf(credential: Credential): Signer {
  const known = signers.get(credential);
  if (known) return known;
  const x5c = splitPem(credential.certificateChainPem).map((pem) => new X509Certificate(pem).raw.toString('base64'));
  const signer = { key: createPrivateKey(credential.privateKeyPem), x5c };
  signers.set(credential, signer);
  return signer;
}

const toPemText = (base64: string) => `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;

/** Signs with the current certificate of `source`. Throws UNAVAILABLE / CERTIFICATE_UNAVAILABLE while there is none. */
export async function signActorToken(
  actor: Actor,
  { source, clock, lifetimeMs = maxActorTokenMs }: { source: CredentialSource; clock: Clock; lifetimeMs?: number },
): Promise<string> {
  const credential = source.current();
  if (!credential)
    throw new ServiceError('UNAVAILABLE', 'CERTIFICATE_UNAVAILABLE', { message: 'no certificate to sign with yet' });
  const { key, x5c } = signerOf(credential);
  const nowS = Math.floor(clock.now() / 1000);
  return await new SignJWT({ tid: actor.tenantId, role: actor.role })
    .setProtectedHeader({ alg: algorithm, typ: type, x5c })
    .setIssuer(credential.spiffeId)
    .setAudience(audience)
    .setSubject(actor.userId)
    .setIssuedAt(nowS)
    .setExpirationTime(nowS + Math.floor(Math.min(lifetimeMs, maxActorTokenMs) / 1000))
    .sign(key);
}

interface VerifiedSigner {
  uri: string;
  key: KeyObject;
  notAfterMs: number;
  trustBundlePem: string;
}

export interface ActorVerifierOptions {
  /** Whose trust bundle to verify by: the service's own source. */
  source: CredentialSource;
  /** Who may vouch for users. Default: the service `bridge` of the access plane. */
  isSigner?: (peer: PeerIdentity) => boolean;
  clock: Clock;
}

const isBridge = (peer: PeerIdentity) =>
  peer.kind === 'service' && peer.plane === 'access' && peer.service === 'bridge';
const invalid = (reason: string, cause?: unknown) =>
  new ServiceError('UNAUTHENTICATED', reason, { message: 'the actor token is not valid', cause });

/** Verifies actor tokens. Chains are verified once and remembered while they and the trust bundle last. */
export class ActorVerifier {
  readonly #options: ActorVerifierOptions;
  readonly #signers = new Map<string, VerifiedSigner>();

  constructor(options: ActorVerifierOptions) {
    this.#options = options;
  }

  /**
   * `presenter`: the peer whose connection brought the token. Throws UNAUTHENTICATED: ACTOR_TOKEN_EXPIRED,
   * ACTOR_TOKEN_INVALID, ACTOR_NOT_ACCEPTED (from a peer that may not vouch for users; the token is not even read).
   */
  async verify(token: string, presenter: PeerIdentity | undefined): Promise<Actor> {
    const { isSigner = isBridge } = this.#options;
    if (!presenter || !isSigner(presenter)) throw invalid('ACTOR_NOT_ACCEPTED');
    if (token.length > maxTokenLength) throw invalid('ACTOR_TOKEN_INVALID');
    let signer: VerifiedSigner | undefined;
    try {
      const getKey = ({ x5c }: { x5c?: string[] }): KeyObject => {
        signer = this.#signerOf(x5c ?? []);
        return signer.key;
      };
      const { payload } = await jwtVerify(token, getKey, {
        audience,
        typ: type,
        algorithms: [algorithm],
        currentDate: new Date(this.#options.clock.now()),
        clockTolerance: clockToleranceS,
        maxTokenAge: maxActorTokenMs / 1000,
        requiredClaims: ['exp', 'iat', 'sub', 'iss'],
      });
      if (payload.iss !== signer?.uri) throw new Error('issuer and certificate differ');
      if (payload.iss !== presenter.uri) throw new Error('signed by another than the one who presents it');
      return toActor(payload);
    } catch (cause) {
      throw invalid(cause instanceof errors.JWTExpired ? 'ACTOR_TOKEN_EXPIRED' : 'ACTOR_TOKEN_INVALID', cause);
    }
  }

  #signerOf(x5c: string[]): VerifiedSigner {
    const { source, clock } = this.#options;
    const trustBundlePem = source.current()?.trustBundlePem ?? '';
    const chainPem = x5c.map(toPemText).join('');
    const nowMs = clock.now();
    const known = this.#signers.get(chainPem);
    if (known && known.trustBundlePem === trustBundlePem && known.notAfterMs > nowMs) return known;
    const { identity, leaf, notAfterMs } = verifyPeer({ chainPem, trustBundlePem, nowMs });
    // Few services sign and their leaves last for days: dropping all of them now and then costs next to nothing.
    if (this.#signers.size >= maxCachedChains) this.#signers.clear();
    const signer = { uri: identity.uri, key: leaf.publicKey, notAfterMs, trustBundlePem };
    this.#signers.set(chainPem, signer);
    return signer;
  }
}
