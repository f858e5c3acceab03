import { X509Certificate } from 'node:crypto';
import {
  CertificateAuthority,
  type IssuedCertificate,
  type TrustBundle,
} from '@frameworks/contracts/frameworks/navigator/v1/certificate_authority_pb';
import type { HostPort } from '@frameworks/kit/config';
import { ServiceError } from '@frameworks/kit/errors';
import { createRpcClient } from '@frameworks/kit/rpc';
import type { AnonymousTrust, CertificateSource } from '@frameworks/kit/rpc/certificate';
import { createCsr } from '../ca/csr.ts';
import type { KeyPair } from '../ca/keys.ts';
import { findPeerIdentity } from '../spiffe.ts';

/** What Navigator answers, as TLS takes it. Durations in milliseconds from the moment of the answer. */
export interface Leaf {
  readonly certificateChainPem: string;
  readonly bundle: Bundle;
  readonly ttlMs: number;
  readonly renewAfterMs: number;
}

export interface Bundle {
  readonly pem: string;
  readonly generation: number;
}

export interface NavigatorClient {
  /** A leaf for the key. Without a token the caller's current leaf proves who it is. */
  issue(keys: KeyPair, joinToken: string, signal: AbortSignal): Promise<Leaf>;
  /** Bundles newer than `knownGeneration`, until the server or the signal ends it. */
  watchBundle(knownGeneration: number, signal: AbortSignal): AsyncIterable<Bundle>;
  close(): void;
}

export interface NavigatorClientOptions {
  readonly address: HostPort;
  readonly trustDomain: string;
  readonly credentials: CertificateSource | AnonymousTrust;
}

/** Longer than a signature takes under load, short enough to try again well within half a life. */
const deadlineMs = 10_000;

/** Navigator seen from a service: talks to no other server, whatever the trust bundle would allow. */
export function createNavigatorClient({ address, trustDomain, credentials }: NavigatorClientOptions): NavigatorClient {
  const rpc = createRpcClient(CertificateAuthority, {
    address,
    credentials,
    deadlineMs,
    expectPeer: (uri) => isNavigator(uri, trustDomain),
  });
  return {
    issue: async (keys, joinToken, signal) => {
      const { csrPem } = await createCsr(keys);
      const csrDer = fromPem(csrPem);
      const { certificate } = await rpc.issueCertificate({ csrDer, joinToken }, { signal });
      if (!certificate) throw badAnswer('no certificate');
      return toLeaf(certificate, trustDomain);
    },
    watchBundle: async function* (knownGeneration, signal) {
      const stream = rpc.watchTrustBundle({ knownGeneration: BigInt(knownGeneration) }, { signal });
      for await (const { bundle } of stream) yield toBundle(bundle, trustDomain);
    },
    close: () => rpc.close(),
  };
}

function isNavigator(uri: string, trustDomain: string): boolean {
  const identity = findPeerIdentity(uri);
  return identity?.kind === 'service' && identity.service === 'navigator' && identity.domain === trustDomain;
}

function toLeaf(certificate: IssuedCertificate, trustDomain: string): Leaf {
  return {
    certificateChainPem: certificate.chainDer.map(toPem).join(''),
    bundle: toBundle(certificate.bundle, trustDomain),
    ttlMs: Number(certificate.ttlMs),
    renewAfterMs: Number(certificate.renewAfterMs),
  };
}

function toBundle(bundle: TrustBundle | undefined, trustDomain: string): Bundle {
  if (!bundle || bundle.rootsDer.length === 0) throw badAnswer('no trust bundle');
  if (bundle.trustDomain !== trustDomain) throw badAnswer(`the trust bundle of ${bundle.trustDomain}`);
  return { pem: bundle.rootsDer.map(toPem).join(''), generation: Number(bundle.generation) };
}

function toPem(der: Uint8Array): string {
  return new X509Certificate(der).toString();
}

function fromPem(pem: string): Uint8Array {
  return new Uint8Array(Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64'));
}

function badAnswer(what: string): ServiceError {
  return new ServiceError('INTERNAL', 'CERTIFICATE_INVALID', {
    message: `the certificate authority answered with ${what}`,
  });
}
