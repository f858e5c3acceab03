/**
 * What a transport needs to prove itself, and to whom. Declared here so that kit does not depend on the package that makes
 * certificates; `@frameworks/identity` implements it.
 */
export interface CertificateMaterial {
  /** Leaf first, then intermediates; no root. */
  certificateChainPem: string;
  /** PKCS#8. Secret. */
  privateKeyPem: string;
  /** The roots a peer must chain to, one PEM after the other. */
  trustBundlePem: string;
}

/** The material now and whenever it changes. */
export interface CertificateSource {
  /** `undefined` until the first certificate is there: connections are refused until then. */
  current(): CertificateMaterial | undefined;
  /** Calls `listener` with every later material, never synchronously. Returns the function that ends the subscription. */
  subscribe(listener: (material: CertificateMaterial) => void): () => void;
}

/** For a caller that has no certificate yet (enrolment): it can check the server but prove nothing. */
export interface AnonymousTrust {
  trustBundlePem: string;
}

const uriEntry = 'URI:';

/**
 * The one URI of a certificate's subject alternative names, given in OpenSSL's text form (`URI:…, DNS:…`).
 * `undefined` when there is none, when there are several (SPIFFE allows exactly one), or when anything is quoted, which is
 * how Node shows a value with characters that could fake another entry; none of our URIs contains such.
 */
export function findSpiffeUri(subjectAltName: string | undefined): string | undefined {
  if (!subjectAltName || subjectAltName.includes('"')) return undefined;
  const uris = subjectAltName.split(', ').filter((entry) => entry.startsWith(uriEntry));
  return uris.length === 1 ? uris[0]?.slice(uriEntry.length) : undefined;
}
