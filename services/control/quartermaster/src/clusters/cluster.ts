export const clusterTypes = ['central', 'edge'] as const;
export type ClusterType = (typeof clusterTypes)[number];

export const deploymentModels = ['shared', 'dedicated', 'hybrid', 'marketplace'] as const;
export type DeploymentModel = (typeof deploymentModels)[number];

export const clusterVisibilities = ['private', 'unlisted', 'public'] as const;
export type ClusterVisibility = (typeof clusterVisibilities)[number];

export const clusterHealthStates = ['provisioning', 'healthy', 'degraded', 'offline'] as const;
export type ClusterHealthState = (typeof clusterHealthStates)[number];

/** Why a cluster is not (fully) healthy. */
export interface HealthReason {
  /** Stable UPPER_SNAKE_CASE; the contract lists them. */
  readonly code: 'NO_LIVE_INSTANCE' | 'INSTANCE_LAPSED' | 'INSTANCE_NOT_READY';
  /** `<service>/<instance>`; empty for the cluster as a whole. */
  readonly subject: string;
  readonly sinceMs: number;
}

export interface ClusterHealth {
  readonly state: ClusterHealthState;
  /** Worst first; empty when healthy. */
  readonly reasons: readonly HealthReason[];
}

export interface Cluster {
  readonly clusterId: string;
  readonly name: string;
  readonly type: ClusterType;
  /** `undefined` for central clusters. */
  readonly deploymentModel: DeploymentModel | undefined;
  readonly visibility: ClusterVisibility;
  readonly baseDomain: string;
  readonly cellId: string | undefined;
  readonly ownerTenantId: string | undefined;
  readonly health: ClusterHealth;
  readonly healthChangedAtMs: number;
  readonly createdAtMs: number;
}
