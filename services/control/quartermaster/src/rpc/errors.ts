import { ServiceError } from '@frameworks/kit';
import type { Incarnation } from '../instances/instance.ts';

export function clusterUnknown(clusterId: string): ServiceError {
  return new ServiceError('NOT_FOUND', 'CLUSTER_UNKNOWN', {
    message: `there is no cluster ${clusterId}`,
    data: { clusterId },
  });
}

/** Not retryable, although ABORTED usually is: the same start will never be the newest again. */
export function incarnationSuperseded({ service, instanceId }: Incarnation): ServiceError {
  return new ServiceError('ABORTED', 'INCARNATION_SUPERSEDED', {
    message: `a newer start of ${service}/${instanceId} is registered, or this one has stopped`,
    data: { service, instanceId },
    retryable: false,
  });
}

export function instanceUnknown({ service, instanceId }: Incarnation): ServiceError {
  return new ServiceError('NOT_FOUND', 'INSTANCE_UNKNOWN', {
    message: `${service}/${instanceId} is not registered`,
    data: { service, instanceId },
  });
}
