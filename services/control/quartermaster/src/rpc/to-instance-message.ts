import type { MessageInitShape } from '@bufbuild/protobuf';
import { ListenerKind } from '@frameworks/contracts/frameworks/common/v1/endpoint_pb';
import { type InstanceSchema, InstanceState } from '@frameworks/contracts/frameworks/quartermaster/v1/registry_pb';
import type { ListenerKind as DomainKind, Instance } from '../instances/instance.ts';

export const listenerKindMessages: Readonly<Record<DomainKind, ListenerKind>> = {
  grpc: ListenerKind.GRPC,
  edge_grpc: ListenerKind.EDGE_GRPC,
  http: ListenerKind.HTTP,
  websocket: ListenerKind.WEBSOCKET,
  operator_http: ListenerKind.OPERATOR_HTTP,
  rtmp: ListenerKind.RTMP,
  dtsc: ListenerKind.DTSC,
};

const states = {
  live: InstanceState.LIVE,
  lapsed: InstanceState.LAPSED,
  stopped: InstanceState.STOPPED,
} as const;

export function toInstanceMessage(instance: Instance): MessageInitShape<typeof InstanceSchema> {
  return {
    service: instance.service,
    instanceId: instance.instanceId,
    clusterId: instance.clusterId ?? '',
    incarnationId: instance.incarnationId,
    version: instance.version,
    addresses: instance.addresses.map(({ kind, host, port }) => ({ kind: listenerKindMessages[kind], host, port })),
    state: states[instance.state],
    ready: instance.ready,
    registeredUnixMs: BigInt(instance.registeredAtMs),
    renewedUnixMs: BigInt(instance.renewedAtMs),
    leaseExpiresUnixMs: BigInt(instance.leaseExpiresAtMs),
  };
}

/** Contract → domain; `undefined` stands for "all but stopped". */
export function toInstanceState(state: InstanceState): Instance['state'] | undefined {
  if (state === InstanceState.LIVE) return 'live';
  if (state === InstanceState.LAPSED) return 'lapsed';
  return state === InstanceState.STOPPED ? 'stopped' : undefined;
}
