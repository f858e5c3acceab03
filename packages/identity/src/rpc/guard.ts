import type { RpcGuard } from '@frameworks/kit/rpc/guard';
import type { Clock } from '@frameworks/std';
import { authorize } from '../authorization/authorize.ts';
import type { CredentialSource } from '../source/certificate-source.ts';
import { findPeerIdentity } from '../spiffe.ts';
import { ActorVerifier } from '../tokens/actor-token.ts';

/** What `createRpcServer` needs to know callers and to judge them by the authorization table. */
export function createRpcGuard({ source, clock }: { source: CredentialSource; clock: Clock }): RpcGuard {
  const actors = new ActorVerifier({ source, clock });
  const domain = () => findPeerIdentity(source.current()?.spiffeId ?? '')?.domain;
  return {
    findPeer(uri) {
      const peer = findPeerIdentity(uri);
      // One trust domain per installation, whatever else a root may once sign.
      return peer?.domain === domain() ? peer : undefined;
    },
    verifyActor: (token, presenter) => actors.verify(token, presenter),
    authorize: (method, caller) => authorize(method, caller),
    authorizeResource: (method, caller, resource) => authorize(method, caller, { resource }),
  };
}
