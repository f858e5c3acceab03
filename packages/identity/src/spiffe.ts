import { ServiceError } from '@frameworks/kit/errors';
import { idPattern, type PeerIdentity } from '@frameworks/kit/rpc/peer';

/**
 * SPIFFE ids of this system. Exactly three forms exist, and nothing else parses:
 *
 *   spiffe://<domain>/<plane>/<service>/<instance>            a service instance
 *   spiffe://<domain>/foghorn/<instance>                      a Foghorn (its clusters come from the registry)
 *   spiffe://<domain>/cluster/<cluster_id>/node/<node_id>     an edge node
 *
 * The forms differ by their number of segments (3, 2, 4), so no choice of ids makes one look like another.
 */
export type SpiffeId = string & { readonly __brand: 'SpiffeId' };

const maxLength = 2048;
const domainPattern = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;

/** Parts of an id, without the URI they format to. */
export type SpiffeParts =
  | { kind: 'service'; domain: string; plane: string; service: string; instance: string }
  | { kind: 'foghorn'; domain: string; instance: string }
  | { kind: 'node'; domain: string; clusterId: string; nodeId: string };

/** Is `text` a domain a trust root may be made for: lower-case DNS labels, no trailing dot, no port? */
export function isTrustDomain(text: string): boolean {
  return text.length <= 253 && domainPattern.test(text);
}

/** Text → identity, or `undefined` when it is none of the three forms. Accepts no variants: no case folding, no escapes. */
export function findPeerIdentity(text: string): (PeerIdentity & { uri: SpiffeId }) | undefined {
  if (text.length > maxLength || !text.startsWith('spiffe://')) return undefined;
  const [domain = '', ...path] = text.slice('spiffe://'.length).split('/');
  if (!isTrustDomain(domain) || !path.every((segment) => idPattern.test(segment))) return undefined;
  // The only place that brands: every check of the form has passed by here.
  const uri = text as SpiffeId;
  const [a = '', b = '', c = '', d = ''] = path;
  if (path.length === 3) return { kind: 'service', uri, domain, plane: a, service: b, instance: c };
  if (path.length === 2 && a === 'foghorn') return { kind: 'foghorn', uri, domain, instance: b };
  if (path.length === 4 && a === 'cluster' && c === 'node')
    return { kind: 'node', uri, domain, clusterId: b, nodeId: d };
  return undefined;
}

/** Like `findPeerIdentity`; throws INVALID_ARGUMENT / SPIFFE_ID_INVALID. */
export function parseSpiffeId(text: string): PeerIdentity & { uri: SpiffeId } {
  const identity = findPeerIdentity(text);
  if (identity) return identity;
  throw new ServiceError('INVALID_ARGUMENT', 'SPIFFE_ID_INVALID', {
    message: 'not a SPIFFE id of this system',
    data: { id: text.slice(0, 200) },
  });
}

function pathOf(parts: SpiffeParts): string {
  switch (parts.kind) {
    case 'service':
      return `${parts.plane}/${parts.service}/${parts.instance}`;
    case 'foghorn':
      return `foghorn/${parts.instance}`;
    case 'node':
      return `cluster/${parts.clusterId}/node/${parts.nodeId}`;
  }
}

/** Parts → id. Throws INVALID_ARGUMENT when a part is not a valid id, so what it returns always parses back to the same parts. */
export function formatSpiffeId(parts: SpiffeParts): SpiffeId {
  const identity = parseSpiffeId(`spiffe://${parts.domain}/${pathOf(parts)}`);
  if (identity.kind === parts.kind) return identity.uri;
  throw new ServiceError('INVALID_ARGUMENT', 'SPIFFE_ID_INVALID', { message: `parts do not form a ${parts.kind} id` });
}
