import type { Clock } from '@frameworks/std';
import type { CommonConfig } from './config/definition.ts';
import { listSecrets } from './config/secrets.ts';
import type { HealthReport } from './health.ts';
import type { Service } from './lifecycle.ts';
import { createLogger, type Logger } from './log.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { type OperatorHttp, startOperatorHttp } from './operator-http.ts';
import type { ServiceDefinition } from './service.ts';

export interface HostOptions {
  readonly clock: Clock;
  /** Default: a logger on standard output that knows the configuration's secrets. */
  readonly log?: Logger;
  /** Also report CPU, memory and event-loop lag: for the one service of a process. */
  readonly processMetrics?: boolean;
}

/** A service with its logger, its metrics and its operator listener. Itself a `Service`. */
export interface HostedService extends Required<Service> {
  readonly log: Logger;
  readonly metrics: Metrics;
}

/**
 * Surrounds a service with what all services have. The operator listener comes up before the service and goes down after
 * it, so that probes see "starting" and "stopping" rather than a refused connection. Starts nothing yet.
 */
export function hostService<C extends CommonConfig>(
  definition: ServiceDefinition<C>,
  config: C,
  options: HostOptions,
): HostedService {
  const { name: service } = definition;
  const { instance, logLevel: level } = config;
  const { clock } = options;
  const log =
    options.log ?? createLogger({ service, instance, level, clock, secrets: listSecrets(definition.config, config) });
  const metrics = createMetrics({ service, instance, process: options.processMetrics ?? false });
  return new Host({ definition, config, clock, log, metrics });
}

interface HostParts<C extends CommonConfig> {
  readonly definition: ServiceDefinition<C>;
  readonly config: C;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}

const notCreated: HealthReport = { ready: false, checks: [{ name: 'service', ok: false, detail: 'starting' }] };

class Host<C extends CommonConfig> implements HostedService {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly #parts: HostParts<C>;
  #operator: OperatorHttp | undefined;
  #service: Service | undefined;
  #stopped: Promise<void> | undefined;

  constructor(parts: HostParts<C>) {
    this.#parts = parts;
    this.log = parts.log;
    this.metrics = parts.metrics;
  }

  async start(): Promise<void> {
    const { definition, config, clock, log, metrics } = this.#parts;
    const health = () => this.health();
    this.#operator = await startOperatorHttp({ address: config.operatorAddress, clock, health, metrics });
    if (this.#stopped !== undefined) return this.#operator.stop();
    const service = await definition.create(config, { log, clock, metrics });
    this.#service = service;
    // A stop that came while it was being created found nothing to stop.
    if (this.#stopped !== undefined) return service.stop();
    await service.start();
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async health(): Promise<HealthReport> {
    return (await this.#service?.health()) ?? notCreated;
  }

  addresses(): Readonly<Record<string, string>> {
    const operator = this.#operator === undefined ? {} : { operator: this.#operator.address };
    return { ...operator, ...this.#service?.addresses?.() };
  }

  async #stop(): Promise<void> {
    try {
      await this.#service?.stop();
    } finally {
      await this.#operator?.stop();
    }
  }
}
