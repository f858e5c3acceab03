import type { Actor, Caller, PeerIdentity } from './peer.ts';

/** What a call is about. Handlers name what they know; a rule bound to something unnamed denies. */
export interface Resource {
  clusterId?: string;
  nodeId?: string;
  tenantId?: string;
  /** `<service>/<instance>` of a service instance. */
  instance?: string;
  /** Clusters the calling Foghorn serves, as the registry lists them; the certificate alone does not say. */
  servedClusters?: ReadonlySet<string>;
}

export type Decision =
  /** `boundToResource`: the handler must still call `context.authorize(resource)`. */
  | { allow: true; boundToResource: boolean }
  /** `reason` is UPPER_SNAKE_CASE and stable. */
  | { allow: false; reason: string };

/** How the server learns who calls and what they may. Implemented by `@frameworks/identity`. */
export interface RpcGuard {
  /** The URI of a certificate that chains to a trusted root → who that is; `undefined`: nobody of this system. */
  findPeer(uri: string): PeerIdentity | undefined;
  /** Verifies the token in `frameworks-actor` that `presenter` sent (`undefined`: nobody). Throws `ServiceError` UNAUTHENTICATED. */
  verifyActor(token: string, presenter: PeerIdentity | undefined): Promise<Actor>;
  /** Before the request is read: may this caller use the method at all? */
  authorize(method: string, caller: Caller): Decision;
  /** Once the handler knows the resource. */
  authorizeResource(method: string, caller: Caller, resource: Resource): Decision;
}
