import type { Instance } from '../instances/instance.ts';
import type { ClusterHealth, ClusterHealthState, HealthReason } from './cluster.ts';

export type ObservedInstance = Pick<Instance, 'service' | 'instanceId' | 'state' | 'ready'>;

/**
 * A cluster's health from its instances. `provisioning → healthy ⇄ degraded → offline`: a cluster that has never been
 * whole is being set up, not broken; one that was whole and serves nothing any more is offline until something is back.
 * Instances that said goodbye do not count. A reason keeps the time it was first seen.
 */
export function deriveHealth(
  previous: ClusterHealth,
  instances: readonly ObservedInstance[],
  nowMs: number,
): ClusterHealth {
  const known = instances.filter((instance) => instance.state !== 'stopped');
  const serving = known.filter((instance) => instance.state === 'live' && instance.ready);
  const reasons = known.flatMap(listProblems);
  if (serving.length === 0) reasons.unshift({ code: 'NO_LIVE_INSTANCE', subject: '' });
  return {
    state: nextState(previous.state, serving.length, reasons.length),
    reasons: reasons.map((reason) => ({ ...reason, sinceMs: findSince(previous, reason) ?? nowMs })),
  };
}

function nextState(previous: ClusterHealthState, serving: number, problems: number): ClusterHealthState {
  if (problems === 0) return 'healthy';
  if (previous === 'provisioning') return 'provisioning';
  return serving > 0 ? 'degraded' : 'offline';
}

function listProblems(instance: ObservedInstance): Omit<HealthReason, 'sinceMs'>[] {
  const subject = `${instance.service}/${instance.instanceId}`;
  if (instance.state === 'lapsed') return [{ code: 'INSTANCE_LAPSED', subject }];
  return instance.ready ? [] : [{ code: 'INSTANCE_NOT_READY', subject }];
}

function findSince(previous: ClusterHealth, { code, subject }: Omit<HealthReason, 'sinceMs'>): number | undefined {
  return previous.reasons.find((reason) => reason.code === code && reason.subject === subject)?.sinceMs;
}
