import type { Resource } from '@frameworks/kit/rpc/guard';
import type { ActorRole, Caller } from '@frameworks/kit/rpc/peer';

/**
 * On what a grant holds:
 *   any         everything the method can reach
 *   filtered    the handler itself narrows to what is the caller's: lists, batches judged item by item, the tenant of the context
 *   ownCluster  a Foghorn: a cluster it serves · a node: its cluster
 *   ownNode     the node itself
 *   ownTenant   what belongs to the user's tenant
 *   ownInstance the registration of the calling instance
 * The last four are bound: the handler must name the resource by `context.authorize(resource)`.
 */
export type Scope = 'any' | 'filtered' | 'ownCluster' | 'ownNode' | 'ownTenant' | 'ownInstance';

export type Grant =
  | { who: 'anonymous'; scope: Scope }
  /** Names are `<plane>/<service>`: the same name in another plane is another service. Empty: every service. */
  | { who: 'service'; names: readonly string[]; scope: Scope }
  | { who: 'foghorn'; scope: Scope }
  | { who: 'node'; scope: Scope }
  | { who: 'user'; role: ActorRole; scope: Scope };

/** Who may call a method, and on what. No matching grant: denied. */
export type Rule = readonly Grant[];

export const anonymous: Grant = { who: 'anonymous', scope: 'any' };
export const anyService: Grant = { who: 'service', names: [], scope: 'any' };
export const service = (...names: string[]): Grant => ({ who: 'service', names, scope: 'any' });
export const services = (scope: Scope): Grant => ({ who: 'service', names: [], scope });
export const foghorn = (scope: Scope): Grant => ({ who: 'foghorn', scope });
export const node = (scope: Scope): Grant => ({ who: 'node', scope });
export const operator: Grant = { who: 'user', role: 'operator', scope: 'any' };
export const owner = (scope: Scope): Grant => ({ who: 'user', role: 'owner', scope });
export const member = (scope: Scope): Grant => ({ who: 'user', role: 'member', scope });

/** Who is speaking? A call with a user counts as that user's alone: the service that passes it on lends no rights of its own. */
export function grantMatches(grant: Grant, { peer, actor }: Caller): boolean {
  if (actor) return grant.who === 'user' && grant.role === actor.role;
  switch (grant.who) {
    case 'anonymous':
      return true;
    case 'service':
      return (
        peer?.kind === 'service' && (grant.names.length === 0 || grant.names.includes(`${peer.plane}/${peer.service}`))
      );
    case 'foghorn':
    case 'node':
      return peer?.kind === grant.who;
    case 'user':
      return false;
  }
}

export const isBound = ({ scope }: Grant): boolean => scope !== 'any' && scope !== 'filtered';

/** Does the resource lie within the grant? What the handler did not name is not within. */
export function scopeHolds(scope: Scope, caller: Caller, resource: Resource): boolean {
  const { peer, actor } = caller;
  switch (scope) {
    case 'any':
    case 'filtered':
      return true;
    case 'ownTenant':
      return actor !== undefined && actor.tenantId !== '' && resource.tenantId === actor.tenantId;
    case 'ownCluster':
      if (resource.clusterId === undefined) return false;
      if (peer?.kind === 'node') return peer.clusterId === resource.clusterId;
      return peer?.kind === 'foghorn' && resource.servedClusters?.has(resource.clusterId) === true;
    case 'ownNode':
      return peer?.kind === 'node' && peer.clusterId === resource.clusterId && peer.nodeId === resource.nodeId;
    case 'ownInstance':
      if (peer?.kind === 'foghorn') return resource.instance === `foghorn/${peer.instance}`;
      // A Foghorn has an identity of its own kind; a service that merely bears the name is none.
      return (
        peer?.kind === 'service' &&
        peer.service !== 'foghorn' &&
        resource.instance === `${peer.service}/${peer.instance}`
      );
  }
}

/** The reason a caller is told when its grant does not reach so far. */
export const scopeReasons: Record<Scope, string> = {
  any: 'CALLER_NOT_ALLOWED',
  filtered: 'CALLER_NOT_ALLOWED',
  ownTenant: 'TENANT_MISMATCH',
  ownCluster: 'CLUSTER_NOT_SERVED',
  ownNode: 'NODE_MISMATCH',
  ownInstance: 'IDENTITY_MISMATCH',
};
