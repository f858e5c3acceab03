import type { RegisterInstanceRequest } from '@frameworks/contracts/frameworks/quartermaster/v1/registry_pb';
import { ServiceError } from '@frameworks/kit';
import { idPattern } from '@frameworks/kit/rpc';
import { isUuid } from '@frameworks/std';
import { type Incarnation, type ListenerAddress, listenerKinds } from '../instances/instance.ts';
import { listenerKindMessages } from './to-instance-message.ts';

const maxAddresses = 8;
const maxVersionLength = 64;
const hostPattern = /^[A-Za-z0-9:]([A-Za-z0-9.:-]{0,251}[A-Za-z0-9:])?$/;
const semVerPattern = /^\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?$/;

export interface ParsedRegistration extends Incarnation {
  readonly version: string;
  readonly addresses: readonly ListenerAddress[];
  readonly clusterId: string | undefined;
}

/** Throws INVALID_ARGUMENT `INVALID_REQUEST` that names every mistake by field. */
export function parseRegistration(request: RegisterInstanceRequest): ParsedRegistration {
  const mistakes = new Map<string, string>();
  const incarnation = readIncarnation(request, mistakes);
  const { version, clusterId } = request;
  if (version.length > maxVersionLength || !semVerPattern.test(version)) {
    mistakes.set('version', `must be SemVer, at most ${maxVersionLength} characters`);
  }
  if (clusterId !== '' && !idPattern.test(clusterId)) mistakes.set('cluster_id', 'must be a slug');
  const addresses = readAddresses(request.addresses, mistakes);
  refuse(mistakes);
  return { ...incarnation, version, addresses, clusterId: clusterId || undefined };
}

/** Throws INVALID_ARGUMENT `INVALID_REQUEST`. */
export function parseIncarnation(request: Incarnation): Incarnation {
  const mistakes = new Map<string, string>();
  const incarnation = readIncarnation(request, mistakes);
  refuse(mistakes);
  return incarnation;
}

function readIncarnation(request: Incarnation, mistakes: Map<string, string>): Incarnation {
  const { service, instanceId, incarnationId } = request;
  if (!idPattern.test(service)) mistakes.set('service', 'must be a service name');
  if (!idPattern.test(instanceId)) mistakes.set('instance_id', 'must be a slug');
  if (!isUuid(incarnationId) || incarnationId[14] !== '7') mistakes.set('incarnation_id', 'must be a UUIDv7');
  return { service, instanceId, incarnationId };
}

function readAddresses(
  given: RegisterInstanceRequest['addresses'],
  mistakes: Map<string, string>,
): readonly ListenerAddress[] {
  if (given.length < 1 || given.length > maxAddresses) {
    mistakes.set('addresses', `must be 1 to ${maxAddresses}`);
    return [];
  }
  const addresses = given.flatMap(({ kind, host, port }, index) => {
    const name = listenerKinds.find((candidate) => listenerKindMessages[candidate] === kind);
    if (name === undefined) mistakes.set(`addresses[${index}].kind`, 'must be a known listener kind');
    if (!hostPattern.test(host)) mistakes.set(`addresses[${index}].host`, 'must be a DNS name or an IP address');
    if (port < 1 || port > 65_535) mistakes.set(`addresses[${index}].port`, 'must be 1 to 65535');
    return name === undefined ? [] : [{ kind: name, host, port }];
  });
  const doubled = addresses.find(({ kind }, index) => addresses.findIndex((other) => other.kind === kind) !== index);
  if (doubled) mistakes.set('addresses', `must not name ${doubled.kind} twice`);
  return addresses;
}

function refuse(mistakes: ReadonlyMap<string, string>): void {
  if (mistakes.size === 0) return;
  const message = [...mistakes].map(([field, problem]) => `${field} ${problem}`).join('; ');
  throw new ServiceError('INVALID_ARGUMENT', 'INVALID_REQUEST', { message, data: Object.fromEntries(mistakes) });
}
