import type { ClusterRegistry, InstanceRegistry } from '@frameworks/contracts/frameworks/quartermaster/v1/registry_pb';
import type { ServiceHandlers } from '@frameworks/kit/rpc';
import type { RegistryContext } from './context.ts';
import { deregisterInstance } from './deregister-instance.ts';
import { getCluster } from './get-cluster.ts';
import { listClusters } from './list-clusters.ts';
import { listInstances } from './list-instances.ts';
import { registerInstance } from './register-instance.ts';
import { renewInstance } from './renew-instance.ts';

export function createInstanceRegistryHandlers(context: RegistryContext): ServiceHandlers<typeof InstanceRegistry> {
  return {
    registerInstance: registerInstance(context),
    renewInstance: renewInstance(context),
    deregisterInstance: deregisterInstance(context),
    listInstances: listInstances(context),
  };
}

export function createClusterRegistryHandlers(context: RegistryContext): ServiceHandlers<typeof ClusterRegistry> {
  return { listClusters: listClusters(context), getCluster: getCluster(context) };
}
