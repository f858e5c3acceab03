import { type Selectable, sql } from 'kysely';
import { databaseNowMs } from '../clock.ts';
import type { InstancesTable, QuartermasterDb } from '../tables.ts';
import type { Incarnation, Instance, InstanceState, ListenerAddress } from './instance.ts';

const columns = [
  'service',
  'instance_id',
  'cluster_id',
  'incarnation_id',
  'version',
  'addresses',
  'ready',
  'registered_unix_ms',
  'renewed_unix_ms',
  'lease_expires_unix_ms',
  'stopped_unix_ms',
] as const;

/** Judged by the clock that wrote the lease. */
const state = sql<InstanceState>`case when stopped_unix_ms is not null then 'stopped'
  when lease_expires_unix_ms > ${databaseNowMs} then 'live' else 'lapsed' end`;

type InstanceRow = Pick<Selectable<InstancesTable>, (typeof columns)[number]> & { state: InstanceState };

export interface Registration extends Incarnation {
  readonly clusterId: string | undefined;
  readonly version: string;
  readonly addresses: readonly ListenerAddress[];
  readonly leaseTtlMs: number;
}

/**
 * Takes or extends the lease of one start. `undefined`: a newer start of the instance is registered, or this very one has
 * said goodbye and only a late repeat of its registration arrived.
 */
export async function saveRegistration(db: QuartermasterDb, given: Registration): Promise<Instance | undefined> {
  const row = await db
    .insertInto('instances')
    .values({
      service: given.service,
      instance_id: given.instanceId,
      cluster_id: given.clusterId ?? null,
      incarnation_id: given.incarnationId,
      version: given.version,
      addresses: JSON.stringify(given.addresses),
      ready: false,
      registered_unix_ms: databaseNowMs,
      renewed_unix_ms: databaseNowMs,
      lease_expires_unix_ms: leaseEnd(given.leaseTtlMs),
      stopped_unix_ms: null,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['service', 'instance_id'])
        .doUpdateSet((eb) => ({
          cluster_id: eb.ref('excluded.cluster_id'),
          incarnation_id: eb.ref('excluded.incarnation_id'),
          version: eb.ref('excluded.version'),
          addresses: eb.ref('excluded.addresses'),
          // A repeat by the same start keeps what its heartbeats said.
          ready: sql<boolean>`instances.ready and instances.incarnation_id = excluded.incarnation_id`,
          registered_unix_ms: sql<string>`case when instances.incarnation_id = excluded.incarnation_id
            then instances.registered_unix_ms else excluded.registered_unix_ms end`,
          renewed_unix_ms: eb.ref('excluded.renewed_unix_ms'),
          lease_expires_unix_ms: eb.ref('excluded.lease_expires_unix_ms'),
          stopped_unix_ms: null,
        }))
        .where(
          sql<boolean>`instances.incarnation_id < excluded.incarnation_id
            or (instances.incarnation_id = excluded.incarnation_id and instances.stopped_unix_ms is null)`,
        ),
    )
    .returning([...columns, state.as('state')])
    .executeTakeFirst();
  return row && toInstance(row);
}

/** Extends the lease. `undefined`: this start is not the registered one, or has stopped. */
export async function saveRenewal(
  db: QuartermasterDb,
  { service, instanceId, incarnationId, ready, leaseTtlMs }: Incarnation & { ready: boolean; leaseTtlMs: number },
): Promise<Instance | undefined> {
  const row = await db
    .updateTable('instances')
    .set({ ready, renewed_unix_ms: databaseNowMs, lease_expires_unix_ms: leaseEnd(leaseTtlMs) })
    .where('service', '=', service)
    .where('instance_id', '=', instanceId)
    .where('incarnation_id', '=', incarnationId)
    .where('stopped_unix_ms', 'is', null)
    .returning([...columns, state.as('state')])
    .executeTakeFirst();
  return row && toInstance(row);
}

/** Marks a planned stop. `false`: unknown, another start, or stopped before; either way nothing is left to do. */
export async function saveStop(
  db: QuartermasterDb,
  { service, instanceId, incarnationId }: Incarnation,
): Promise<boolean> {
  const row = await db
    .updateTable('instances')
    .set({ ready: false, stopped_unix_ms: databaseNowMs })
    .where('service', '=', service)
    .where('instance_id', '=', instanceId)
    .where('incarnation_id', '=', incarnationId)
    .where('stopped_unix_ms', 'is', null)
    .returning('service')
    .executeTakeFirst();
  return row !== undefined;
}

export async function findInstance(
  db: QuartermasterDb,
  { service, instanceId }: Omit<Incarnation, 'incarnationId'>,
): Promise<Instance | undefined> {
  const row = await db
    .selectFrom('instances')
    .select([...columns, state.as('state')])
    .where('service', '=', service)
    .where('instance_id', '=', instanceId)
    .executeTakeFirst();
  return row && toInstance(row);
}

export interface InstanceFilter {
  readonly clusterId?: string | undefined;
  readonly service?: string | undefined;
  /** Left out: all but stopped. */
  readonly state?: InstanceState | undefined;
}

export interface InstanceListing extends InstanceFilter {
  readonly after?: { readonly service: string; readonly instanceId: string } | undefined;
  readonly limit: number;
}

/** By service, then instance id. */
export async function listInstances(db: QuartermasterDb, listing: InstanceListing): Promise<Instance[]> {
  let query = db
    .selectFrom('instances')
    .select([...columns, state.as('state')])
    .orderBy('service')
    .orderBy('instance_id')
    .limit(listing.limit);
  const { clusterId, service, after } = listing;
  if (clusterId !== undefined) query = query.where('cluster_id', '=', clusterId);
  if (service !== undefined) query = query.where('service', '=', service);
  query = listing.state === undefined ? query.where(state, '!=', 'stopped') : query.where(state, '=', listing.state);
  if (after !== undefined) {
    query = query.where(sql<boolean>`(service, instance_id) > (${after.service}, ${after.instanceId})`);
  }
  return (await query.execute()).map(toInstance);
}

/** Forgets instances that stopped or lapsed longer than `retentionMs` ago. Resolves to how many. */
export async function forgetInstances(db: QuartermasterDb, retentionMs: number): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom('instances')
    .where(sql<boolean>`coalesce(stopped_unix_ms, lease_expires_unix_ms) < ${databaseNowMs} - ${retentionMs}`)
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}

function leaseEnd(leaseTtlMs: number) {
  return sql<string>`${databaseNowMs} + ${leaseTtlMs}`;
}

function toInstance(row: InstanceRow): Instance {
  return {
    service: row.service,
    instanceId: row.instance_id,
    clusterId: row.cluster_id ?? undefined,
    incarnationId: row.incarnation_id,
    version: row.version,
    // `as`: only `saveRegistration` writes the column, from this very type.
    addresses: row.addresses as ListenerAddress[],
    state: row.state,
    ready: row.ready,
    registeredAtMs: Number(row.registered_unix_ms),
    renewedAtMs: Number(row.renewed_unix_ms),
    leaseExpiresAtMs: Number(row.lease_expires_unix_ms),
  };
}
