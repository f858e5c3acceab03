import type { Kysely, Transaction } from 'kysely';

/** PostgreSQL's bigint may arrive as text; rows are parsed where they are read. Times are Unix milliseconds of the database's clock. */
type BigInt8 = string | number | bigint;

export interface ClustersTable {
  cluster_id: string;
  name: string;
  type: string;
  deployment_model: string | null;
  visibility: string;
  base_domain: string;
  cell_id: string | null;
  owner_tenant_id: string | null;
  health_state: string;
  /** JSON array of `HealthReason`. */
  health_reasons: unknown;
  health_changed_unix_ms: BigInt8;
  created_unix_ms: BigInt8;
}

export interface InstancesTable {
  service: string;
  instance_id: string;
  cluster_id: string | null;
  incarnation_id: string;
  version: string;
  /** JSON array of `ListenerAddress`. */
  addresses: unknown;
  ready: boolean;
  registered_unix_ms: BigInt8;
  renewed_unix_ms: BigInt8;
  lease_expires_unix_ms: BigInt8;
  stopped_unix_ms: BigInt8 | null;
}

export interface ReconcilerRunsTable {
  name: string;
  finished_unix_ms: BigInt8;
}

export interface QuartermasterTables {
  clusters: ClustersTable;
  instances: InstancesTable;
  reconciler_runs: ReconcilerRunsTable;
}

/** A connection or a transaction: store functions take either. */
export type QuartermasterDb = Kysely<QuartermasterTables> | Transaction<QuartermasterTables>;
