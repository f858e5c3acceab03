import { type Selectable, sql } from 'kysely';
import { databaseNowMs } from '../clock.ts';
import type { ClustersTable, QuartermasterDb } from '../tables.ts';
import type {
  Cluster,
  ClusterHealth,
  ClusterHealthState,
  ClusterType,
  ClusterVisibility,
  DeploymentModel,
  HealthReason,
} from './cluster.ts';

const columns = [
  'cluster_id',
  'name',
  'type',
  'deployment_model',
  'visibility',
  'base_domain',
  'cell_id',
  'owner_tenant_id',
  'health_state',
  'health_reasons',
  'health_changed_unix_ms',
  'created_unix_ms',
] as const;

type ClusterRow = Pick<Selectable<ClustersTable>, (typeof columns)[number]>;

/** All clusters, or only a tenant's own and public ones. */
export type ClusterSight = 'all' | { readonly tenantId: string | undefined };

/** `undefined` also for one that is out of sight, so that ids cannot be probed. */
export async function findCluster(
  db: QuartermasterDb,
  clusterId: string,
  sight: ClusterSight = 'all',
): Promise<Cluster | undefined> {
  const row = await selectInSight(db, sight).where('cluster_id', '=', clusterId).executeTakeFirst();
  return row && toCluster(row);
}

export interface ClusterListing {
  readonly sight?: ClusterSight;
  readonly type?: ClusterType | undefined;
  readonly afterId?: string | undefined;
  readonly limit: number;
}

/** By cluster id. */
export async function listClusters(db: QuartermasterDb, listing: ClusterListing): Promise<Cluster[]> {
  const { sight = 'all', type, afterId, limit } = listing;
  let query = selectInSight(db, sight).orderBy('cluster_id').limit(limit);
  if (type !== undefined) query = query.where('type', '=', type);
  if (afterId !== undefined) query = query.where('cluster_id', '>', afterId);
  return (await query.execute()).map(toCluster);
}

/** Writes a derived health. `false`: the state is no longer the one it was derived from. */
export async function saveHealth(
  db: QuartermasterDb,
  change: { readonly clusterId: string; readonly from: ClusterHealthState; readonly to: ClusterHealth },
): Promise<boolean> {
  const row = await db
    .updateTable('clusters')
    .set({
      health_state: change.to.state,
      health_reasons: JSON.stringify(change.to.reasons),
      ...(change.from === change.to.state ? {} : { health_changed_unix_ms: databaseNowMs }),
    })
    .where('cluster_id', '=', change.clusterId)
    .where('health_state', '=', change.from)
    .returning('cluster_id')
    .executeTakeFirst();
  return row !== undefined;
}

/** How many instances of each cluster are live, and how many are known at all (stopped ones are not). */
export async function countInstances(
  db: QuartermasterDb,
  clusterIds: readonly string[],
): Promise<Map<string, { live: number; known: number }>> {
  if (clusterIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('instances')
    .select([
      'cluster_id',
      sql<string>`count(*)`.as('known'),
      sql<string>`count(*) filter (where lease_expires_unix_ms > ${databaseNowMs})`.as('live'),
    ])
    .where('cluster_id', 'in', clusterIds)
    .where('stopped_unix_ms', 'is', null)
    .groupBy('cluster_id')
    .execute();
  return new Map(rows.map((row) => [row.cluster_id ?? '', { live: Number(row.live), known: Number(row.known) }]));
}

/** Notes that everything was looked at now: the age of every derived health. */
export async function saveHealthObserved(db: QuartermasterDb): Promise<void> {
  await db
    .insertInto('reconciler_runs')
    .values({ name: 'cluster-health', finished_unix_ms: databaseNowMs })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ finished_unix_ms: databaseNowMs }))
    .execute();
}

/** When the health of clusters was last derived, Unix milliseconds; 0: never. */
export async function findHealthObserved(db: QuartermasterDb): Promise<number> {
  const row = await db
    .selectFrom('reconciler_runs')
    .select('finished_unix_ms')
    .where('name', '=', 'cluster-health')
    .executeTakeFirst();
  return Number(row?.finished_unix_ms ?? 0);
}

function selectInSight(db: QuartermasterDb, sight: ClusterSight) {
  const query = db.selectFrom('clusters').select(columns);
  if (sight === 'all') return query;
  const { tenantId = null } = sight;
  // A tenant that is null equals nothing, which leaves the public ones.
  return query.where((eb) => eb.or([eb('visibility', '=', 'public'), eb('owner_tenant_id', '=', tenantId)]));
}

/** `as`: check constraints of the table hold the very words of these unions. */
function toCluster(row: ClusterRow): Cluster {
  return {
    clusterId: row.cluster_id,
    name: row.name,
    type: row.type as ClusterType,
    deploymentModel: (row.deployment_model ?? undefined) as DeploymentModel | undefined,
    visibility: row.visibility as ClusterVisibility,
    baseDomain: row.base_domain,
    cellId: row.cell_id ?? undefined,
    ownerTenantId: row.owner_tenant_id ?? undefined,
    health: { state: row.health_state as ClusterHealthState, reasons: row.health_reasons as HealthReason[] },
    healthChangedAtMs: Number(row.health_changed_unix_ms),
    createdAtMs: Number(row.created_unix_ms),
  };
}
