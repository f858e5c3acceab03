import {
  Health,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from '@frameworks/contracts/grpc/health/v1/health_pb';
import { type Clock, isAbort, SingleFlight } from '@frameworks/std';
import { ServiceError } from '../errors.ts';
import type { HealthReport } from '../health.ts';
import type { ServiceHandlers } from './handlers.ts';

/** How often a watcher's status is looked at again, milliseconds. */
const watchEveryMs = 2_000;

export interface HealthServiceOptions {
  report: () => Promise<HealthReport>;
  /** Full names of the services on this server; the empty name is the server as a whole. */
  services: ReadonlySet<string>;
  clock: Clock;
}

/** `grpc.health.v1`: all services of a server share the health of their process, so there is one answer for every name. */
export function createHealthHandlers({
  report,
  services,
  clock,
}: HealthServiceOptions): ServiceHandlers<typeof Health> {
  // Anybody may ask, and a report may cost a question to the database: all who ask meanwhile get the same answer.
  const reports = new SingleFlight<'report', HealthReport>();
  const statusOf = async () =>
    (await reports.run('report', report)).ready ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
  const isKnown = (service: string) => service === '' || services.has(service);
  return {
    async check({ service }) {
      if (isKnown(service)) return { status: await statusOf() };
      throw new ServiceError('NOT_FOUND', 'SERVICE_UNKNOWN', { message: 'no such service here', data: { service } });
    },
    async *watch({ service }, { signal }) {
      let sent: number | undefined;
      while (!signal.aborted) {
        const status = isKnown(service) ? await statusOf() : ServingStatus.SERVICE_UNKNOWN;
        if (status !== sent) yield { status };
        sent = status;
        await clock.sleep(watchEveryMs, signal).catch((error: unknown) => {
          if (!isAbort(error, signal)) throw error;
        });
      }
    },
  };
}

export { Health as HealthService };
