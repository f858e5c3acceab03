import { Extension } from './x509.ts';

const nameConstraintsOid = '2.5.29.30';

/** DER: tag, length below 128 (all that is needed here), content. */
function der(tag: number, content: Uint8Array): Uint8Array {
  if (content.length > 127) throw new RangeError('content needs the long form of a DER length');
  return Uint8Array.of(tag, content.length, ...content);
}

/**
 * Permitted subtree: URIs whose host is exactly `domain` (RFC 5280 §4.2.1.10). An intermediate that leaks can then not
 * name identities of another domain. DNS and IP names stay unconstrained; no peer is authorized by them.
 */
export function uriNameConstraints(domain: string): Extension {
  const uriName = der(0x86, new TextEncoder().encode(domain));
  const permittedSubtrees = der(0xa0, der(0x30, uriName));
  return new Extension(nameConstraintsOid, true, der(0x30, permittedSubtrees));
}
