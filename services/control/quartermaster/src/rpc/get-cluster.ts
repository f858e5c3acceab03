import type { ClusterRegistry } from '@frameworks/contracts/frameworks/quartermaster/v1/registry_pb';
import type { Handler } from '@frameworks/kit/rpc';
import { countInstances, findCluster, findHealthObserved } from '../clusters/cluster-store.ts';
import type { RegistryContext } from './context.ts';
import { clusterUnknown } from './errors.ts';
import { toClusterSight } from './sight.ts';
import { toClusterMessage } from './to-cluster-message.ts';

export function getCluster({ db }: RegistryContext): Handler<(typeof ClusterRegistry)['method']['getCluster']> {
  return async ({ clusterId }, call) => {
    const cluster = await findCluster(db, clusterId, toClusterSight(call));
    if (cluster === undefined) throw clusterUnknown(clusterId);
    const counts = await countInstances(db, [clusterId]);
    const observedAtMs = await findHealthObserved(db);
    return { cluster: toClusterMessage(cluster, { instances: counts.get(clusterId), observedAtMs }) };
  };
}
