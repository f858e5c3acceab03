import { X509Certificate } from 'node:crypto';
import { ServiceError } from '@frameworks/kit/errors';
import { findSpiffeUri } from '@frameworks/kit/rpc/certificate';
import type { PeerIdentity } from '@frameworks/kit/rpc/peer';
import { findPeerIdentity, type SpiffeId } from '../spiffe.ts';
import { splitPem } from './pem.ts';

const clientAuth = '1.3.6.1.5.5.7.3.2';
/** Leaf and intermediate. An intermediate may not sign another one (path length 0), so longer chains are not ours. */
const maxChainLength = 2;

export interface VerifiedPeer {
  identity: PeerIdentity & { uri: SpiffeId };
  notAfterMs: number;
  /** SHA-256 of the certificate, upper-case hexadecimal with colons. */
  fingerprint256: string;
  leaf: X509Certificate;
}

export interface VerifyOptions {
  /** Leaf first. */
  chainPem: string;
  trustBundlePem: string;
  nowMs: number;
  /** Accept a leaf this long after its end, milliseconds: a node renewing after a long time off. Default 0. */
  expiredGraceMs?: number;
}

const refused = (message: string, reason = 'PEER_UNTRUSTED') =>
  new ServiceError('UNAUTHENTICATED', reason, { message });

function parseCertificates(pem: string): X509Certificate[] {
  try {
    return splitPem(pem).map((block) => new X509Certificate(block));
  } catch (cause) {
    throw new ServiceError('INVALID_ARGUMENT', 'CERTIFICATE_INVALID', {
      message: 'not a PEM certificate chain',
      cause,
    });
  }
}

/** Node throws on a key or a signature that OpenSSL cannot read; to us that is one more thing that does not verify. */
function signedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    return false;
  }
}

function isCurrent(certificate: X509Certificate, nowMs: number, graceMs = 0): boolean {
  return nowMs >= certificate.validFromDate.getTime() && nowMs <= certificate.validToDate.getTime() + graceMs;
}

/**
 * The authorities of a leaf, root last. Verified from the root down, so that only what a trusted key has signed costs a
 * verification: a stranger's certificates, with keys of a stranger's choice, are compared with our roots and no more.
 */
function findAuthorities(chain: X509Certificate[], roots: X509Certificate[], nowMs: number): X509Certificate[] {
  const last = chain.at(-1);
  const root = roots.find((candidate) => last && signedBy(last, candidate) && isCurrent(candidate, nowMs));
  if (!root) throw refused('the chain ends in no trusted root');
  const authorities = [...chain.slice(1), root];
  if (!authorities.every((authority) => isCurrent(authority, nowMs))) throw refused('an authority is not valid now');
  for (let index = chain.length - 2; index >= 0; index--) {
    const [certificate, issuer] = [chain[index], chain[index + 1]];
    if (!certificate || !issuer || !signedBy(certificate, issuer)) throw refused('the chain is broken');
  }
  return authorities;
}

/** A root that was sent along proves nothing: without it, what is left is the leaf and at most one intermediate. */
function withoutRoots(chain: X509Certificate[], roots: X509Certificate[]): X509Certificate[] {
  const known = new Set(roots.map(({ fingerprint256 }) => fingerprint256));
  return chain.filter(({ fingerprint256 }) => !known.has(fingerprint256));
}

/**
 * A chain presented outside TLS (in a token, in a renewal) → who it proves. TLS connections are verified by OpenSSL and do
 * not come here. Throws UNAUTHENTICATED (PEER_UNTRUSTED, CERTIFICATE_EXPIRED) or INVALID_ARGUMENT / CERTIFICATE_INVALID.
 */
export function verifyPeer(options: VerifyOptions): VerifiedPeer {
  const roots = parseCertificates(options.trustBundlePem);
  const chain = withoutRoots(parseCertificates(options.chainPem), roots);
  const [leaf] = chain;
  if (!leaf || chain.length > maxChainLength) throw refused('the chain is empty or too long');
  if (leaf.ca || !leaf.keyUsage?.includes(clientAuth)) throw refused('not a leaf for clients');
  const authorities = findAuthorities(chain, roots, options.nowMs);
  if (!isCurrent(leaf, options.nowMs, options.expiredGraceMs))
    throw refused('the leaf is not valid now', 'CERTIFICATE_EXPIRED');
  const identity = findPeerIdentity(findSpiffeUri(leaf.subjectAltName) ?? '');
  if (!identity || !identityAllowed(identity, authorities)) throw refused('the leaf names no identity of this system');
  return { identity, notAfterMs: leaf.validToDate.getTime(), fingerprint256: leaf.fingerprint256, leaf };
}

/** Node's X.509 class does not check name constraints; our authorities carry the domain as their organization, so compare that. */
function identityAllowed(identity: PeerIdentity, authorities: X509Certificate[]): boolean {
  return authorities.every(({ subject }) => subject.split('\n').includes(`O=${identity.domain}`));
}
