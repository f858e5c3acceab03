import { randomBytes } from 'node:crypto';
import { ServiceError } from '@frameworks/kit/errors';
import { isTrustDomain } from '../spiffe.ts';
import { exportPrivateKeyPem, generateKeyPair, importKeyPair, signingAlgorithm } from './keys.ts';
import { uriNameConstraints } from './name-constraints.ts';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from './x509.ts';

/** A certificate that may sign others, with its key. `privateKeyPem` is secret: keep it sealed (see `seal.ts`). */
export interface Authority {
  certificatePem: string;
  privateKeyPem: string;
}

export interface AuthorityOptions {
  /** Trust domain of every id below this authority. */
  domain: string;
  /** Milliseconds since the epoch. */
  nowMs: number;
  /** Milliseconds. Default: 10 years for a root, 1 year for an intermediate. */
  lifetimeMs?: number;
}

const dayMs = 24 * 60 * 60 * 1000;
/** Certificates are valid from two hours ago, so a machine whose clock is slow accepts them at once. */
export const backdateMs = 2 * 60 * 60 * 1000;
const caKeyUsage = KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign;

/** 128 random bits, positive and without a leading zero byte (RFC 5280 wants a positive integer of at most 20 bytes). */
export function randomSerialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

function assertDomain(domain: string): void {
  if (isTrustDomain(domain)) return;
  throw new ServiceError('INVALID_ARGUMENT', 'TRUST_DOMAIN_INVALID', {
    message: 'not a trust domain',
    data: { domain },
  });
}

/** A self-signed root that may sign one level of intermediates. Its key is needed only to make those: keep it offline or sealed. */
export async function createRoot(options: AuthorityOptions): Promise<Authority> {
  assertDomain(options.domain);
  const keys = await generateKeyPair();
  const serialNumber = randomSerialNumber();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    keys,
    serialNumber,
    // The serial makes names unique, so that a verifier never mistakes a rotated root for its predecessor.
    name: `O=${options.domain}, CN=root ${serialNumber.slice(0, 8)}`,
    notBefore: new Date(options.nowMs - backdateMs),
    notAfter: new Date(options.nowMs + (options.lifetimeMs ?? 3650 * dayMs)),
    signingAlgorithm,
    extensions: [
      new BasicConstraintsExtension(true, 1, true),
      new KeyUsagesExtension(caKeyUsage, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificatePem: toPem(certificate), privateKeyPem: await exportPrivateKeyPem(keys.privateKey) };
}

/** An intermediate below `root`: may sign leaves only (path length 0), and only with URIs of its domain (critical name constraint). */
export async function createIntermediate(root: Authority, options: AuthorityOptions): Promise<Authority> {
  assertDomain(options.domain);
  const issuer = new X509Certificate(root.certificatePem);
  const signingKey = (await importKeyPair(root.privateKeyPem)).privateKey;
  const keys = await generateKeyPair();
  const serialNumber = randomSerialNumber();
  const notAfterMs = Math.min(options.nowMs + (options.lifetimeMs ?? 365 * dayMs), issuer.notAfter.getTime());
  const certificate = await X509CertificateGenerator.create({
    publicKey: keys.publicKey,
    signingKey,
    serialNumber,
    subject: `O=${options.domain}, CN=intermediate ${serialNumber.slice(0, 8)}`,
    issuer: issuer.subjectName,
    notBefore: new Date(options.nowMs - backdateMs),
    notAfter: new Date(notAfterMs),
    signingAlgorithm,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(caKeyUsage, true),
      uriNameConstraints(options.domain),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return { certificatePem: toPem(certificate), privateKeyPem: await exportPrivateKeyPem(keys.privateKey) };
}

export function toPem(certificate: X509Certificate): string {
  return `${certificate.toString('pem')}\n`;
}
