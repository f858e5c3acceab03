import type { Clock } from '@frameworks/std';
import type { CommonConfig, ConfigDefinition } from './config/definition.ts';
import type { Service } from './lifecycle.ts';
import type { Logger } from './log.ts';
import type { Metrics } from './metrics.ts';

export type Plane = 'control' | 'data' | 'media' | 'network' | 'access';

/** What every service gets besides its configuration. */
export interface ServiceDeps {
  readonly log: Logger;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/**
 * Everything there is to know to run a service, in whatever process: `main.ts` passes it to `runMain`, the fleet to
 * `hostService`. The service never learns which of the two it was.
 */
export interface ServiceDefinition<C extends CommonConfig> {
  readonly name: string;
  readonly plane: Plane;
  readonly config: ConfigDefinition<C>;
  /** Names of the services that must be ready before this one starts. */
  readonly dependsOn: readonly string[];
  /** Builds the service without starting anything. A method, so that definitions of different `C` fit into one list. */
  create(config: C, deps: ServiceDeps): Promise<Service>;
}

/** A definition of whatever configuration, for lists. Its `create` wants the value of its own `config`. */
export type AnyServiceDefinition = ServiceDefinition<CommonConfig>;
