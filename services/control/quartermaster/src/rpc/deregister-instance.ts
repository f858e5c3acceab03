import type { InstanceRegistry } from '@frameworks/contracts/frameworks/quartermaster/v1/registry_pb';
import type { Handler } from '@frameworks/kit/rpc';
import { saveStop } from '../instances/instance-store.ts';
import type { RegistryContext } from './context.ts';
import { parseIncarnation } from './parse-registration.ts';

export function deregisterInstance({
  db,
  events,
}: RegistryContext): Handler<(typeof InstanceRegistry)['method']['deregisterInstance']> {
  return async (request, call) => {
    const incarnation = parseIncarnation(request);
    call.authorize({ instance: `${incarnation.service}/${incarnation.instanceId}` });
    if (await saveStop(db, incarnation)) events.instanceStopped(incarnation);
    return {};
  };
}
