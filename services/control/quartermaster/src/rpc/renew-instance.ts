import type { InstanceRegistry } from '@frameworks/contracts/frameworks/quartermaster/v1/registry_pb';
import type { Handler } from '@frameworks/kit/rpc';
import { findInstance, saveRenewal } from '../instances/instance-store.ts';
import type { RegistryContext } from './context.ts';
import { incarnationSuperseded, instanceUnknown } from './errors.ts';
import { toLease } from './lease.ts';
import { parseIncarnation } from './parse-registration.ts';

export function renewInstance(context: RegistryContext): Handler<(typeof InstanceRegistry)['method']['renewInstance']> {
  const { db, events, instanceLeaseMs } = context;
  return async (request, call) => {
    const incarnation = parseIncarnation(request);
    call.authorize({ instance: `${incarnation.service}/${incarnation.instanceId}` });
    const renewed = await saveRenewal(db, { ...incarnation, ready: request.ready, leaseTtlMs: instanceLeaseMs });
    if (renewed !== undefined) return { ...toLease(instanceLeaseMs), clusterId: renewed.clusterId ?? '' };
    if ((await findInstance(db, incarnation)) === undefined) throw instanceUnknown(incarnation);
    events.instanceSuperseded(incarnation);
    throw incarnationSuperseded(incarnation);
  };
}
