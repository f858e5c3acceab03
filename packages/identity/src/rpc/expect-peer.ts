import { findPeerIdentity } from '../spiffe.ts';

/** For `expectPeer` of a client: any instance of a service, in any plane of `domain`. */
export function expectService(domain: string, service: string): (spiffeUri: string) => boolean {
  return (uri) => {
    const peer = findPeerIdentity(uri);
    return peer?.kind === 'service' && peer.domain === domain && peer.service === service;
  };
}

/** Any Foghorn of `domain`, or the named instance. Which clusters it serves is the registry's to say. */
export function expectFoghorn(domain: string, instance?: string): (spiffeUri: string) => boolean {
  return (uri) => {
    const peer = findPeerIdentity(uri);
    return peer?.kind === 'foghorn' && peer.domain === domain && (instance === undefined || peer.instance === instance);
  };
}
