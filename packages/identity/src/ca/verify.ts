import { X509Certificate } from 'node:crypto';
import { ServiceError } from '@frameworks/kit/errors';
import { findSpiffeUri } from '@frameworks/kit/rpc/certificate';
import type { PeerIdentity } from '@frameworks/kit/rpc/peer';
import { findPeerIdentity, type SpiffeId } from '../spiffe.ts';
import { splitPem } from './pem.ts';

const clientAuth = '1.3.6.1.5.5.7.3.2';
/** Leaf, intermediate, root. Longer chains are not ours. */
const maxChainLength = 3;

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

function signedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function isCurrent(certificate: X509Certificate, nowMs: number, graceMs = 0): boolean {
  return nowMs >= certificate.validFromDate.getTime() && nowMs <= certificate.validToDate.getTime() + graceMs;
}

function assertChain(chain: X509Certificate[], roots: X509Certificate[], nowMs: number): void {
  const [, ...authorities] = chain;
  if (!authorities.every((authority) => isCurrent(authority, nowMs))) throw refused('an authority is not valid now');
  chain.slice(0, -1).forEach((certificate, index) => {
    const issuer = chain[index + 1];
    if (!issuer || !signedBy(certificate, issuer)) throw refused('the chain is broken');
  });
  const last = chain.at(-1);
  const anchored = roots.some((root) => last && signedBy(last, root) && isCurrent(root, nowMs));
  if (!anchored) throw refused('the chain ends in no trusted root');
}

/**
 * A chain presented outside TLS (in a token, in a renewal) → who it proves. TLS connections are verified by OpenSSL and do
 * not come here. Throws UNAUTHENTICATED (PEER_UNTRUSTED, CERTIFICATE_EXPIRED) or INVALID_ARGUMENT / CERTIFICATE_INVALID.
 */
export function verifyPeer(options: VerifyOptions): VerifiedPeer {
  const chain = parseCertificates(options.chainPem);
  const [leaf] = chain;
  if (!leaf || chain.length > maxChainLength) throw refused('the chain is empty or too long');
  if (leaf.ca || !leaf.keyUsage?.includes(clientAuth)) throw refused('not a leaf for clients');
  assertChain(chain, parseCertificates(options.trustBundlePem), options.nowMs);
  if (!isCurrent(leaf, options.nowMs, options.expiredGraceMs))
    throw refused('the leaf is not valid now', 'CERTIFICATE_EXPIRED');
  const identity = findPeerIdentity(findSpiffeUri(leaf.subjectAltName) ?? '');
  if (!identity || !identityAllowed(identity, chain)) throw refused('the leaf names no identity of this system');
  return { identity, notAfterMs: leaf.validToDate.getTime(), fingerprint256: leaf.fingerprint256, leaf };
}

/** Node's X.509 class does not check name constraints; our authorities carry the domain as their organization, so compare that. */
function identityAllowed(identity: PeerIdentity, chain: X509Certificate[]): boolean {
  return chain.slice(1).every((authority) => authority.subject.split('\n').includes(`O=${identity.domain}`));
}
