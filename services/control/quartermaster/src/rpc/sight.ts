import type { CallContext } from '@frameworks/kit/rpc';
import type { ClusterSight } from '../clusters/cluster-store.ts';

/**
 * Which clusters a caller may see: services and operators all; a tenant's users their own and public ones; a Foghorn, which
 * may be a third party's, public ones.
 */
export function toClusterSight({ actor, peer }: Pick<CallContext, 'actor' | 'peer'>): ClusterSight {
  if (actor !== undefined) return actor.role === 'operator' ? 'all' : { tenantId: actor.tenantId };
  return peer?.kind === 'service' ? 'all' : { tenantId: undefined };
}
