import { isDeepStrictEqual } from 'node:util';
import type { Reconciler } from '@frameworks/kit';
import type { RegistryEvents } from '../events.ts';
import type { Instance } from '../instances/instance.ts';
import { listInstances } from '../instances/instance-store.ts';
import type { QuartermasterDb } from '../tables.ts';
import type { Cluster, ClusterHealth } from './cluster.ts';
import { listClusters, saveHealth } from './cluster-store.ts';
import { deriveHealth } from './derive-health.ts';

interface HealthChange {
  readonly clusterId: string;
  readonly from: ClusterHealth;
  readonly to: ClusterHealth;
}

const pageSize = 500;

/** Keeps the stored health of every cluster what its instances say. */
export function createHealthReconciler(
  db: QuartermasterDb,
  events: RegistryEvents,
  nowMs: () => number,
): Reconciler<readonly HealthChange[], readonly Cluster[], HealthChange> {
  return {
    name: 'cluster-health',
    async observe() {
      const actual = await readClusters(db);
      const instances = Map.groupBy(await readInstances(db), ({ clusterId }) => clusterId);
      const desired = actual.map(({ clusterId, health }) => ({
        clusterId,
        from: health,
        to: deriveHealth(health, instances.get(clusterId) ?? [], nowMs()),
      }));
      return { desired, actual };
    },
    plan: (desired) => ({ ops: desired.filter(({ from, to }) => !isDeepStrictEqual(from, to)), skips: [] }),
    async apply({ clusterId, from, to }) {
      const saved = await saveHealth(db, { clusterId, from: from.state, to });
      if (!saved || from.state === to.state) return;
      const reasons = to.reasons.map(({ code, subject }) => `${code} ${subject}`.trim());
      events.clusterHealthChanged(clusterId, from.state, to.state, reasons);
    },
    describe: ({ clusterId }) => ({ kind: 'save-health', target: clusterId }),
  };
}

async function readClusters(db: QuartermasterDb): Promise<Cluster[]> {
  const all: Cluster[] = [];
  for (;;) {
    const page = await listClusters(db, { afterId: all.at(-1)?.clusterId, limit: pageSize });
    all.push(...page);
    if (page.length < pageSize) return all;
  }
}

async function readInstances(db: QuartermasterDb): Promise<Instance[]> {
  const all: Instance[] = [];
  for (;;) {
    const page = await listInstances(db, { after: all.at(-1), limit: pageSize });
    all.push(...page);
    if (page.length < pageSize) return all;
  }
}
