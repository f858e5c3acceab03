/**
 * Who is on the other side of a call. The transport proves the peer (by certificate) and the actor (by a signed token);
 * handlers read both from their context and never from a message.
 */

/** Ids of clusters, nodes, planes, services and instances: lower case, digits and inner hyphens, 1–63 characters. */
export const idPattern = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** A peer proven by its certificate. `uri` is the SPIFFE URI the other fields were read from. */
export type PeerIdentity =
  | { kind: 'service'; uri: string; domain: string; plane: string; service: string; instance: string }
  | { kind: 'foghorn'; uri: string; domain: string; instance: string }
  | { kind: 'node'; uri: string; domain: string; clusterId: string; nodeId: string };

/** Roles of a user: `operator` runs the platform; `owner` and `member` belong to one tenant. */
export const actorRoles = ['operator', 'owner', 'member'] as const;
export type ActorRole = (typeof actorRoles)[number];

/** The user on whose behalf a service calls, proven by a short signed token. */
export interface Actor {
  userId: string;
  tenantId: string;
  role: ActorRole;
}

/** Everything authorization may know about a caller. Both absent: an anonymous connection. */
export interface Caller {
  peer: PeerIdentity | undefined;
  actor: Actor | undefined;
}

/** The name logs and metrics may show for a caller: the kind and the service, never an instance (labels stay bounded). */
export function callerLabel(caller: Caller): string {
  const { peer, actor } = caller;
  if (actor) return `user:${actor.role}`;
  if (!peer) return 'anonymous';
  return peer.kind === 'service' ? `service:${peer.service}` : peer.kind;
}
