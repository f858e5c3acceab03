import type { InstanceRegistry } from '@frameworks/contracts/frameworks/quartermaster/v1/registry_pb';
import { readPage } from '@frameworks/kit/paging';
import type { Handler } from '@frameworks/kit/rpc';
import { listInstances as readInstances } from '../instances/instance-store.ts';
import type { RegistryContext } from './context.ts';
import { toInstanceMessage, toInstanceState } from './to-instance-message.ts';

export function listInstances({ db }: RegistryContext): Handler<(typeof InstanceRegistry)['method']['listInstances']> {
  return async ({ page: wanted, clusterId, service, state }) => {
    const page = readPage(wanted, { list: 'instances', filters: { clusterId, service, state }, keyParts: 2 });
    const [afterService, afterInstance] = page.after ?? [];
    const found = await readInstances(db, {
      clusterId: clusterId || undefined,
      service: service || undefined,
      state: toInstanceState(state),
      after:
        afterService === undefined || afterInstance === undefined
          ? undefined
          : { service: afterService, instanceId: afterInstance },
      limit: page.limit,
    });
    const { rows, nextCursor } = page.cut(found, (instance) => [instance.service, instance.instanceId]);
    return { instances: rows.map(toInstanceMessage), page: { nextCursor } };
  };
}
