import {
  type AnyServiceDefinition,
  type CommonConfig,
  type DirectoryProbe,
  type Environment,
  parseConfig,
} from '@frameworks/kit';
import type { Mistake } from './mistakes.ts';
import { type FleetService, type Settings, toEnvironment, type WiringContext } from './service.ts';

/** A service's settings, found good: as variables for its own process, and as the value for ours. */
export interface ResolvedService {
  readonly service: FleetService;
  readonly instance: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly config: CommonConfig;
}

export type Resolution =
  | { readonly ok: true; readonly value: ResolvedService }
  | { readonly ok: false; readonly mistakes: Mistake[] };

/** Short enough that a stop of the whole fleet stays within five seconds, also when one service hangs. */
const stopTimeout = '2s';

export interface ResolveSource {
  readonly context: WiringContext;
  readonly environment: Environment;
  /** Default: the real file system. */
  readonly probe?: DirectoryProbe | undefined;
}

/**
 * The settings of one service: the fleet's defaults, then what the launcher's environment says, then the wiring. All mistakes
 * in the environment are reported, including variables that are the launcher's to decide.
 */
export function resolveService(service: FleetService, { context, environment, probe }: ResolveSource): Resolution {
  const { definition } = service;
  const options = probe ? { probe } : {};
  const instance = `${definition.name}-1`;
  const fixed = toEnvironment(definition, {
    ...commonWiring(definition, instance, context),
    ...service.wiring(context),
  });
  const defaults = toEnvironment(definition, { stopTimeoutMs: stopTimeout, ...service.defaults });
  const own = ownVariables(definition, environment);
  const variables = { ...defaults, ...own, ...fixed };
  // The person's own text is judged first, so that a bad URL is called a bad URL before it is called not theirs to set.
  const judged = parseConfig(definition.config, { ...defaults, ...fixed, ...own }, options);
  const mistakes = judged.ok ? [] : judged.mistakes.map(({ variable, message }) => ({ subject: variable, message }));
  const known = new Set(mistakes.map(({ subject }) => subject));
  for (const variable of Object.keys(own)) {
    if (variable in fixed && !known.has(variable)) mistakes.push({ subject: variable, message: decidedByLauncher });
  }
  const parsed = parseConfig(definition.config, variables, options);
  if (mistakes.length > 0) return { ok: false, mistakes };
  if (!parsed.ok)
    throw new Error(`the fleet's own settings for ${definition.name} are wrong: ${JSON.stringify(parsed.mistakes)}`);
  return { ok: true, value: { service, instance, variables, config: parsed.value } };
}

const decidedByLauncher = 'is decided by the launcher; leave it out (ports: --port-base, files: --data-dir)';

function commonWiring(definition: AnyServiceDefinition, instance: string, context: WiringContext): Settings {
  return {
    instance,
    operatorAddress: context.address(definition.name, 'operator'),
    grpcAddress: context.address(definition.name, 'grpc'),
  };
}

/** Blank counts as not set, as it does for the service. */
function ownVariables(definition: AnyServiceDefinition, environment: Environment): Record<string, string> {
  const own: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (name.startsWith(`${definition.config.prefix}_`) && value !== undefined && value.trim() !== '')
      own[name] = value;
  }
  return own;
}

/** Set for services by launchers, of which this may be one of several: nobody's mistake. */
const knownToAll = new Set(['FRAMEWORKS_EXIT_WITH_PARENT']);

/** Variables that look as if they were for the launcher, which takes options instead. */
export function listLauncherMistakes(environment: Environment): Mistake[] {
  return Object.keys(environment)
    .filter((name) => name.startsWith('FRAMEWORKS_') && !knownToAll.has(name) && environment[name] !== undefined)
    .sort()
    .map((subject) => ({ subject, message: 'is not a setting; options are --data-dir, --processes and --port-base' }));
}
