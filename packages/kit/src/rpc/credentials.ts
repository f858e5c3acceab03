import { ChannelCredentials, experimental, type ServerCredentials } from '@grpc/grpc-js';
import { type AnonymousTrust, type CertificateMaterial, type CertificateSource, findSpiffeUri } from './certificate.ts';

type Provider = experimental.CertificateProvider;
type CaListener = Parameters<Provider['addCaCertificateListener']>[0];
type IdentityListener = Parameters<Provider['addIdentityCertificateListener']>[0];

/**
 * grpc-js asks a provider for certificates and is told of every change: connections made from then on use the new ones, those
 * that exist live on. That is how leaves and trust bundles rotate without a restart.
 */
class SourceProvider implements Provider {
  readonly #source: CertificateSource;
  readonly #caListeners = new Set<CaListener>();
  readonly #identityListeners = new Set<IdentityListener>();
  #unsubscribe: (() => void) | undefined;

  constructor(source: CertificateSource) {
    this.#source = source;
  }

  addCaCertificateListener(listener: CaListener): void {
    this.#caListeners.add(listener);
    this.#watch();
    const material = this.#source.current();
    if (material) process.nextTick(() => this.#caListeners.has(listener) && listener(toCaUpdate(material)));
  }

  removeCaCertificateListener(listener: CaListener): void {
    this.#caListeners.delete(listener);
    this.#unwatch();
  }

  addIdentityCertificateListener(listener: IdentityListener): void {
    this.#identityListeners.add(listener);
    this.#watch();
    const material = this.#source.current();
    if (material) process.nextTick(() => this.#identityListeners.has(listener) && listener(toIdentityUpdate(material)));
  }

  removeIdentityCertificateListener(listener: IdentityListener): void {
    this.#identityListeners.delete(listener);
    this.#unwatch();
  }

  #watch(): void {
    this.#unsubscribe ??= this.#source.subscribe((material) => {
      for (const listener of this.#caListeners) listener(toCaUpdate(material));
      for (const listener of this.#identityListeners) listener(toIdentityUpdate(material));
    });
  }

  #unwatch(): void {
    if (this.#caListeners.size + this.#identityListeners.size > 0) return;
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
  }
}

const toCaUpdate = (material: CertificateMaterial) => ({ caCertificate: Buffer.from(material.trustBundlePem) });

const toIdentityUpdate = (material: CertificateMaterial) => ({
  certificate: Buffer.from(material.certificateChainPem),
  privateKey: Buffer.from(material.privateKeyPem),
});

/**
 * `required`: TLS refuses a client without a certificate of ours. `optional`: such a client is let in as nobody, and so is one
 * whose certificate does not verify; authorization then decides what nobody may call.
 */
export type ClientCertificates = 'required' | 'optional';

export function createServerCredentials(source: CertificateSource, clients: ClientCertificates): ServerCredentials {
  const provider = new SourceProvider(source);
  return experimental.createCertificateProviderServerCredentials(provider, provider, clients === 'required');
}

/** Whom a client is willing to talk to: one SPIFFE URI, or a judgement of the URI (`expectService('navigator')`). */
export type PeerExpectation = string | ((spiffeUri: string) => boolean);

function isExpected(uri: string | undefined, expectation: PeerExpectation): boolean {
  if (uri === undefined) return false;
  return typeof expectation === 'string' ? uri === expectation : expectation(uri);
}

/** TLS has verified the chain by now. Host names say nothing here: addresses move between hosts, identities do not. */
function createIdentityCheck(expectation: PeerExpectation) {
  return (_host: string, certificate: { subjectaltname?: string }): Error | undefined => {
    const uri = findSpiffeUri(certificate.subjectaltname);
    return isExpected(uri, expectation)
      ? undefined
      : new Error(`the server is ${uri ?? 'nobody known'}, which is not who was expected`);
  };
}

export function createChannelCredentials(
  credentials: CertificateSource | AnonymousTrust,
  expectPeer: PeerExpectation,
): ChannelCredentials {
  const checkServerIdentity = createIdentityCheck(expectPeer);
  if (!('subscribe' in credentials)) {
    return ChannelCredentials.createSsl(Buffer.from(credentials.trustBundlePem), null, null, { checkServerIdentity });
  }
  const provider = new SourceProvider(credentials);
  return experimental.createCertificateProviderChannelCredentials(provider, provider, { checkServerIdentity });
}
