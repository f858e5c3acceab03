import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  ClusterHealthState,
  type ClusterSchema,
  ClusterType,
  ClusterVisibility,
  DeploymentModel,
} from '@frameworks/contracts/frameworks/quartermaster/v1/registry_pb';
import type { Cluster } from '../clusters/cluster.ts';

const types = { central: ClusterType.CENTRAL, edge: ClusterType.EDGE } as const;
const models = {
  shared: DeploymentModel.SHARED,
  dedicated: DeploymentModel.DEDICATED,
  hybrid: DeploymentModel.HYBRID,
  marketplace: DeploymentModel.MARKETPLACE,
} as const;
const visibilities = {
  private: ClusterVisibility.PRIVATE,
  unlisted: ClusterVisibility.UNLISTED,
  public: ClusterVisibility.PUBLIC,
} as const;
const healthStates = {
  provisioning: ClusterHealthState.PROVISIONING,
  healthy: ClusterHealthState.HEALTHY,
  degraded: ClusterHealthState.DEGRADED,
  offline: ClusterHealthState.OFFLINE,
} as const;

export interface ClusterFacts {
  readonly instances: { readonly live: number; readonly known: number } | undefined;
  /** When health was last derived, Unix milliseconds. */
  readonly observedAtMs: number;
}

export function toClusterMessage(cluster: Cluster, facts: ClusterFacts): MessageInitShape<typeof ClusterSchema> {
  const { health } = cluster;
  return {
    clusterId: cluster.clusterId,
    name: cluster.name,
    type: types[cluster.type],
    deploymentModel: cluster.deploymentModel ? models[cluster.deploymentModel] : DeploymentModel.UNSPECIFIED,
    visibility: visibilities[cluster.visibility],
    health: {
      state: healthStates[health.state],
      reasons: health.reasons.map(({ code, subject, sinceMs }) => ({ code, subject, sinceUnixMs: BigInt(sinceMs) })),
      observedUnixMs: BigInt(facts.observedAtMs),
      changedUnixMs: BigInt(cluster.healthChangedAtMs),
    },
    baseDomain: cluster.baseDomain,
    cellId: cluster.cellId ?? '',
    ownerTenantId: cluster.ownerTenantId ?? '',
    liveInstances: facts.instances?.live ?? 0,
    knownInstances: facts.instances?.known ?? 0,
    createdUnixMs: BigInt(cluster.createdAtMs),
  };
}

/** Contract → domain; `undefined` stands for "all". */
export function toClusterType(type: ClusterType): Cluster['type'] | undefined {
  if (type === ClusterType.CENTRAL) return 'central';
  return type === ClusterType.EDGE ? 'edge' : undefined;
}
