import { isIP } from 'node:net';
import { ServiceError } from '@frameworks/kit/errors';
import { parseSpiffeId, type SpiffeId } from '../spiffe.ts';
import { type Authority, backdateMs, randomSerialNumber, toPem } from './authority.ts';
import { verifyCsr } from './csr.ts';
import { importKeyPair, signingAlgorithm } from './keys.ts';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type JsonGeneralNames,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from './x509.ts';

const hourMs = 60 * 60 * 1000;

/** Default lifetimes in milliseconds, by kind of identity. Nodes are offline for longer than services are. */
export const leafLifetimeMs = { service: 72 * hourMs, foghorn: 72 * hourMs, node: 30 * 24 * hourMs } as const;

export interface LeafRequest {
  csrPem: string;
  /** Decided by the issuer from what it knows of the requester; never read from the request. */
  spiffeId: SpiffeId;
  /** For tools that check host names (curl, health checks). Nothing is authorized by them. */
  dnsNames?: string[];
  ipAddresses?: string[];
  nowMs: number;
  /** Default by kind, see `leafLifetimeMs`; never beyond the issuer's own end. */
  lifetimeMs?: number;
}

export interface IssuedLeaf {
  /** Leaf first, then the intermediate. The root is not part of it. */
  certificateChainPem: string;
  spiffeId: SpiffeId;
  /** Hexadecimal. */
  serialNumber: string;
  notBeforeMs: number;
  notAfterMs: number;
}

function subjectAlternativeNames(request: LeafRequest): SubjectAlternativeNameExtension {
  const bad = request.ipAddresses?.find((address) => isIP(address) === 0);
  if (bad !== undefined) {
    throw new ServiceError('INVALID_ARGUMENT', 'IP_ADDRESS_INVALID', {
      message: 'not an IP address',
      data: { address: bad },
    });
  }
  const names: JsonGeneralNames = [
    { type: 'url', value: request.spiffeId },
    ...(request.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
    ...(request.ipAddresses ?? []).map((value) => ({ type: 'ip' as const, value })),
  ];
  // Critical, because the subject is empty (RFC 5280 §4.2.1.6): the names are all there is.
  return new SubjectAlternativeNameExtension(names, true);
}

/**
 * Certifies the key of a CSR for exactly `spiffeId`. Throws INVALID_ARGUMENT (CSR_INVALID, SPIFFE_ID_INVALID,
 * IP_ADDRESS_INVALID) or FAILED_PRECONDITION / AUTHORITY_EXPIRED: nobody could use what an ended authority signs.
 */
export async function issueLeaf(issuer: Authority, request: LeafRequest): Promise<IssuedLeaf> {
  const identity = parseSpiffeId(request.spiffeId);
  const publicKey = await verifyCsr(request.csrPem);
  const issuerCertificate = new X509Certificate(issuer.certificatePem);
  const serialNumber = randomSerialNumber();
  const notBeforeMs = request.nowMs - backdateMs;
  const lifetimeMs = request.lifetimeMs ?? leafLifetimeMs[identity.kind];
  const notAfterMs = Math.min(request.nowMs + lifetimeMs, issuerCertificate.notAfter.getTime());
  if (notAfterMs <= request.nowMs) {
    throw new ServiceError('FAILED_PRECONDITION', 'AUTHORITY_EXPIRED', { message: 'the authority has no time left' });
  }
  const certificate = await X509CertificateGenerator.create({
    publicKey,
    signingKey: (await importKeyPair(issuer.privateKeyPem)).privateKey,
    serialNumber,
    issuer: issuerCertificate.subjectName,
    notBefore: new Date(notBeforeMs),
    notAfter: new Date(notAfterMs),
    signingAlgorithm,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
      subjectAlternativeNames(request),
      await SubjectKeyIdentifierExtension.create(publicKey),
      await AuthorityKeyIdentifierExtension.create(issuerCertificate.publicKey),
    ],
  });
  const certificateChainPem = toPem(certificate) + issuer.certificatePem;
  return { certificateChainPem, spiffeId: request.spiffeId, serialNumber, notBeforeMs, notAfterMs };
}
