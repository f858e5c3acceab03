import { X509Certificate } from 'node:crypto';
import { type IssuedLeaf, issueLeaf } from '@frameworks/identity/ca/issue';
import { splitPem } from '@frameworks/identity/ca/pem';
import type { SpiffeId } from '@frameworks/identity/spiffe';
import { hashSecret } from '@frameworks/identity/tokens';
import { ServiceError } from '@frameworks/kit/errors';
import type { Clock } from '@frameworks/std';
import type { Kysely } from 'kysely';
import type { Authorities, Issuer } from '../authorities/authorities.ts';
import type { PublishedBundle } from '../authorities/trust-view.ts';
import type { NavigatorEvents } from '../events.ts';
import { decideJoinTokenUse, exhaustJoinToken, type JoinToken } from '../join-tokens/join-token.ts';
import { findJoinTokenBySecret, saveExhausted } from '../join-tokens/join-token-store.ts';
import type { NavigatorDb, NavigatorTables } from '../tables.ts';
import type { CertificateRecord } from './certificate.ts';
import { insertCertificate } from './certificate-store.ts';
import type { VerifiedCsr } from './csr.ts';

export interface IssuanceDeps {
  readonly db: Kysely<NavigatorTables>;
  readonly authorities: Authorities;
  readonly clock: Clock;
  readonly events: NavigatorEvents;
  /** Lifetime of a service's or Foghorn's leaf, milliseconds. */
  readonly serviceLeafTtlMs: number;
  /** Looks for join tokens made elsewhere since the last look. */
  readonly seedJoinTokens: () => Promise<void>;
  /** 0…1; spreads renewals. */
  readonly random: () => number;
}

/** What the caller gets. */
export interface Issued {
  readonly certificate: CertificateRecord;
  /** Leaf first, DER. */
  readonly chainDer: readonly Uint8Array[];
  readonly chainPem: string;
  readonly bundle: PublishedBundle;
  readonly ttlMs: number;
  readonly renewAfterMs: number;
}

/** Renewals fall between 45 % and 50 % of the life: never later than half, never all at once. */
const renewalJitter = 0.1;

/**
 * The first leaf of an identity, proven by a join token. Binding the token to the key and recording the certificate are one
 * transaction: after a crash in between the token is unused; after a lost answer the same key asks again.
 */
export async function issueForJoinToken(deps: IssuanceDeps, csr: VerifiedCsr, secret: string): Promise<Issued> {
  const secretSha256 = Buffer.from(hashSecret(secret), 'hex');
  const issuer = await deps.authorities.getIssuer();
  // A launcher starts the instance right after it has written the token to our file; the loop may not have looked yet.
  if (!(await findJoinTokenBySecret(deps.db, secretSha256))) await deps.seedJoinTokens();
  const { token, signed } = await deps.db.transaction().execute(async (tx) => {
    const used = await useJoinToken(tx, {
      secretSha256,
      keySha256: csr.keySha256,
      nowMs: deps.clock.now(),
    });
    // Stored ids were parsed when the token was made.
    const leaf = await sign(deps, issuer, { csr, spiffeId: used.spiffeId as SpiffeId, joinTokenId: used.id });
    await insertCertificate(tx, leaf.record);
    return { token: used, signed: leaf };
  });
  deps.events.certificateIssued({ ...signed.record, joinTokenId: token.id }, 'join_token');
  return toIssued(deps, signed);
}

/** The next leaf of an identity that has proven itself otherwise. */
export async function issueForIdentity(
  deps: IssuanceDeps,
  csr: VerifiedCsr,
  { spiffeId, proof }: { spiffeId: SpiffeId; proof: 'leaf' | 'own' },
): Promise<Issued> {
  const signed = await sign(deps, await deps.authorities.getIssuer(), { csr, spiffeId, joinTokenId: undefined });
  await insertCertificate(deps.db, signed.record);
  deps.events.certificateIssued(signed.record, proof);
  return toIssued(deps, signed);
}

interface TokenUse {
  readonly secretSha256: Uint8Array;
  readonly keySha256: Uint8Array;
  readonly nowMs: number;
}

/** Binds the token to the key, or recognises the key it is bound to. */
async function useJoinToken(db: NavigatorDb, use: TokenUse): Promise<JoinToken> {
  const token = await getJoinToken(db, use.secretSha256);
  const decision = decideJoinTokenUse(token, use.keySha256, use.nowMs);
  if (decision.outcome === 'refused') throw refuse(decision.reason, token);
  if (decision.outcome === 'repeat') return token;
  if (await saveExhausted(db, exhaustJoinToken(token, use.keySha256, use.nowMs))) return token;
  // Somebody was faster between our read and our write; what counts is what it is now.
  const now = await getJoinToken(db, use.secretSha256);
  const second = decideJoinTokenUse(now, use.keySha256, use.nowMs);
  if (second.outcome === 'refused') throw refuse(second.reason, now);
  return now;
}

async function getJoinToken(db: NavigatorDb, secretSha256: Uint8Array): Promise<JoinToken> {
  const token = await findJoinTokenBySecret(db, secretSha256);
  if (token) return token;
  throw new ServiceError('UNAUTHENTICATED', 'JOIN_TOKEN_INVALID', { message: 'this join token is unknown' });
}

function refuse(reason: string, token: JoinToken): ServiceError {
  const code = reason === 'JOIN_TOKEN_USED' ? 'FAILED_PRECONDITION' : 'UNAUTHENTICATED';
  return new ServiceError(code, reason, {
    message: `join token ${token.id} cannot be used by this key now`,
    data: { joinTokenId: token.id, spiffeId: token.spiffeId },
  });
}

interface Signed {
  readonly record: CertificateRecord;
  readonly leaf: IssuedLeaf;
}

async function sign(
  { clock, serviceLeafTtlMs }: IssuanceDeps,
  issuer: Issuer,
  request: { csr: VerifiedCsr; spiffeId: SpiffeId; joinTokenId: string | undefined },
): Promise<Signed> {
  const nowMs = clock.now();
  const { csr, spiffeId, joinTokenId } = request;
  const leaf = await issueLeaf(issuer.signing, { csrPem: csr.pem, spiffeId, nowMs, lifetimeMs: serviceLeafTtlMs });
  const record = {
    serial: leaf.serialNumber.replace(/^0+/, '').toLowerCase(),
    spiffeId,
    keySha256: csr.keySha256,
    issuerId: issuer.id,
    joinTokenId,
    notBeforeUnixMs: leaf.notBeforeMs,
    notAfterUnixMs: leaf.notAfterMs,
    issuedUnixMs: nowMs,
  };
  return { record, leaf };
}

function toIssued({ authorities, random }: IssuanceDeps, { record, leaf }: Signed): Issued {
  const ttlMs = Math.max(0, record.notAfterUnixMs - record.issuedUnixMs);
  return {
    certificate: record,
    chainDer: splitPem(leaf.certificateChainPem).map((pem) => new Uint8Array(new X509Certificate(pem).raw)),
    chainPem: leaf.certificateChainPem,
    bundle: authorities.getBundle(),
    ttlMs,
    renewAfterMs: Math.floor((ttlMs / 2) * (1 - renewalJitter * random())),
  };
}
