import { createPrivateKey, X509Certificate } from 'node:crypto';
import { ServiceError } from '@frameworks/kit/errors';
import { type CertificateMaterial, type CertificateSource, findSpiffeUri } from '@frameworks/kit/rpc/certificate';
import { splitPem } from '../ca/pem.ts';
import { findPeerIdentity, type SpiffeId } from '../spiffe.ts';

/** Certificate, key and trust, with what they say: read once instead of at every use. */
export interface Credential extends CertificateMaterial {
  spiffeId: SpiffeId;
  /** Milliseconds since the epoch, by the issuer's clock. */
  notBeforeMs: number;
  notAfterMs: number;
}

/** A `CertificateSource` of ours: the current credential and a notice of each later one. */
export interface CredentialSource extends CertificateSource {
  current(): Credential | undefined;
  subscribe(listener: (credential: Credential) => void): () => void;
}

/** Reads a material's own leaf. Throws INVALID_ARGUMENT / CERTIFICATE_INVALID when it is none of ours or the key is another's. */
export function toCredential(material: CertificateMaterial): Credential {
  try {
    const leaf = new X509Certificate(splitPem(material.certificateChainPem)[0] ?? '');
    const identity = findPeerIdentity(findSpiffeUri(leaf.subjectAltName) ?? '');
    if (!identity) throw new Error('the leaf names no identity of this system');
    if (splitPem(material.trustBundlePem).length === 0) throw new Error('the trust bundle is empty');
    if (!leaf.checkPrivateKey(createPrivateKey(material.privateKeyPem)))
      throw new Error('the key belongs to another certificate');
    const { certificateChainPem, privateKeyPem, trustBundlePem } = material;
    const notBeforeMs = leaf.validFromDate.getTime();
    const notAfterMs = leaf.validToDate.getTime();
    return { certificateChainPem, privateKeyPem, trustBundlePem, spiffeId: identity.uri, notBeforeMs, notAfterMs };
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : 'not a credential';
    throw new ServiceError('INVALID_ARGUMENT', 'CERTIFICATE_INVALID', { message, cause });
  }
}

/** Holds one credential and tells of its replacement: the base of every source, and the whole of one for tests and tools. */
export class StaticCertificateSource implements CredentialSource {
  #current: Credential | undefined;
  readonly #listeners = new Set<(credential: Credential) => void>();

  constructor(material?: CertificateMaterial) {
    this.#current = material && toCredential(material);
  }

  current(): Credential | undefined {
    return this.#current;
  }

  subscribe(listener: (credential: Credential) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** From now on this one; refused (throws) when it is broken, so a bad answer never replaces a good credential. */
  replace(material: CertificateMaterial): Credential {
    const credential = toCredential(material);
    this.#current = credential;
    for (const listener of this.#listeners) listener(credential);
    return credential;
  }
}
