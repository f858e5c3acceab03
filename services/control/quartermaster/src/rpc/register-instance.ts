import type { InstanceRegistry } from '@frameworks/contracts/frameworks/quartermaster/v1/registry_pb';
import type { Handler } from '@frameworks/kit/rpc';
import { findCluster } from '../clusters/cluster-store.ts';
import { findInstance, saveRegistration } from '../instances/instance-store.ts';
import type { RegistryContext } from './context.ts';
import { clusterUnknown, incarnationSuperseded } from './errors.ts';
import { toLease } from './lease.ts';
import { parseRegistration } from './parse-registration.ts';
import { toInstanceMessage } from './to-instance-message.ts';

export function registerInstance(
  context: RegistryContext,
): Handler<(typeof InstanceRegistry)['method']['registerInstance']> {
  const { db, events, instanceLeaseMs } = context;
  return async (request, call) => {
    const given = parseRegistration(request);
    call.authorize({ instance: `${given.service}/${given.instanceId}` });
    if (given.clusterId !== undefined && !(await findCluster(db, given.clusterId))) {
      throw clusterUnknown(given.clusterId);
    }
    const before = await findInstance(db, given);
    const instance = await saveRegistration(db, { ...given, leaseTtlMs: instanceLeaseMs });
    if (instance === undefined) {
      events.instanceSuperseded(given);
      throw incarnationSuperseded(given);
    }
    if (before?.incarnationId !== given.incarnationId) events.instanceRegistered(given, given.version);
    return { instance: toInstanceMessage(instance), ...toLease(instanceLeaseMs) };
  };
}
