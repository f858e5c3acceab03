import type { ClusterRegistry } from '@frameworks/contracts/frameworks/quartermaster/v1/registry_pb';
import { readPage } from '@frameworks/kit/paging';
import type { Handler } from '@frameworks/kit/rpc';
import { countInstances, findHealthObserved, listClusters as readClusters } from '../clusters/cluster-store.ts';
import type { RegistryContext } from './context.ts';
import { toClusterSight } from './sight.ts';
import { toClusterMessage, toClusterType } from './to-cluster-message.ts';

export function listClusters({ db }: RegistryContext): Handler<(typeof ClusterRegistry)['method']['listClusters']> {
  return async ({ page: wanted, type }, call) => {
    const page = readPage(wanted, { list: 'clusters', filters: { type }, keyParts: 1 });
    const found = await readClusters(db, {
      sight: toClusterSight(call),
      type: toClusterType(type),
      afterId: page.after?.[0],
      limit: page.limit,
    });
    const { rows, nextCursor } = page.cut(found, ({ clusterId }) => [clusterId]);
    const counts = await countInstances(
      db,
      rows.map(({ clusterId }) => clusterId),
    );
    const observedAtMs = await findHealthObserved(db);
    return {
      clusters: rows.map((cluster) =>
        toClusterMessage(cluster, { instances: counts.get(cluster.clusterId), observedAtMs }),
      ),
      page: { nextCursor },
    };
  };
}
