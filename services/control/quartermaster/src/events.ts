import type { Logger, Metrics } from '@frameworks/kit';
import type { ClusterHealthState } from './clusters/cluster.ts';
import type { Incarnation } from './instances/instance.ts';

/** Everything of note that happens in the registry; one function each, which logs and counts and never throws. */
export interface RegistryEvents {
  /** A new start of an instance; a repeat by the same start is not one. */
  instanceRegistered(incarnation: Incarnation, version: string): void;
  instanceStopped(incarnation: Incarnation): void;
  /** A start that a newer one has replaced is still running somewhere. */
  instanceSuperseded(incarnation: Incarnation): void;
  clusterHealthChanged(clusterId: string, from: ClusterHealthState, to: ClusterHealthState, reasons: string[]): void;
  instancesForgotten(count: number): void;
}

export function createRegistryEvents(log: Logger, metrics: Metrics): RegistryEvents {
  const counter = metrics.counter({
    name: 'frameworks_registry_events_total',
    help: 'What happened in the registry.',
    labels: ['event'],
  });
  const note = (event: string, data: object, message: string): void => {
    counter.inc({ event });
    log.info({ event, ...data }, message);
  };
  return {
    instanceRegistered: (incarnation, version) =>
      note('instance_registered', { ...incarnation, version }, 'an instance has started'),
    instanceStopped: (incarnation) => note('instance_stopped', incarnation, 'an instance has said goodbye'),
    instanceSuperseded: (incarnation) =>
      note('instance_superseded', incarnation, 'an older start of an instance is still running'),
    clusterHealthChanged: (clusterId, from, to, reasons) =>
      note('cluster_health_changed', { clusterId, from, to, reasons }, 'the health of a cluster has changed'),
    instancesForgotten: (count) => note('instances_forgotten', { count }, 'instances gone for long are forgotten'),
  };
}
