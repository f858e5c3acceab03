const block = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/** The certificates of a PEM text, in order. Text between them is ignored, as everywhere in the PEM world. */
export function splitPem(pem: string): string[] {
  return pem.match(block) ?? [];
}
