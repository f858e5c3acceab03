import { type Clock, withDeadline } from '@frameworks/std';
import { parseArguments } from './arguments.ts';
import type { CommonConfig } from './config/definition.ts';
import { describeConfig, formatConfigTable } from './config/describe.ts';
import { formatMistakes } from './config/mistake.ts';
import { type Environment, parseConfig } from './config/parse.ts';
import { listSecrets } from './config/secrets.ts';
import { summarizeError } from './describe-error.ts';
import { type HostedService, hostService } from './host-service.ts';
import type { Logger } from './log.ts';
import { createRedactor } from './redact.ts';
import type { ServiceDefinition } from './service.ts';
import { decideSignal } from './stop-request.ts';
import { version } from './version.ts';

/** The process around a service, as values, so that everything but the process itself is tested without one. */
export interface Program {
  /** Without the runtime and the script. */
  readonly args: readonly string[];
  readonly env: Environment;
  readonly clock: Clock;
  /** Default: standard output. */
  readonly log?: Logger;
  stdout(line: string): void;
  stderr(line: string): void;
  /** Calls `handle` with the reason whenever someone asks to stop: a signal, or the parent's end. */
  onStopRequest(handle: (request: StopRequest) => void): void;
  /** Told the logger as soon as there is one, for what goes wrong outside of any call. */
  onLogger?(log: Logger): void;
}

export interface StopRequest {
  readonly kind: 'signal' | 'parent';
  /** `SIGTERM`, `parent ended`. */
  readonly reason: string;
}

/** 0: as asked. 1: failed to start or to stop. 2: wrong arguments or configuration. */
export type ExitCode = 0 | 1 | 2;

/** Beyond the service's own stop deadline, for the operator listener to close. */
const stopMarginMs = 2_000;

/** Runs a service from arguments to exit code. Resolves when the process may end. */
export async function runProgram<C extends CommonConfig>(
  definition: ServiceDefinition<C>,
  program: Program,
): Promise<ExitCode> {
  const { name } = definition;
  const parsed = parseArguments(program.args);
  if ('unknown' in parsed) {
    program.stderr(`${name}: unknown argument ${parsed.unknown}; see --help`);
    return 2;
  }
  if (parsed.verb === 'version') {
    program.stdout(`${name} ${version}`);
    return 0;
  }
  if (parsed.verb === 'help') {
    program.stdout(formatHelp(definition));
    return 0;
  }
  const config = parseConfig(definition.config, program.env);
  if (!config.ok) {
    program.stderr(formatMistakes(name, config.mistakes));
    return 2;
  }
  if (parsed.verb === 'check-config') {
    program.stdout(`${name}: the configuration is valid`);
    return 0;
  }
  return await serve(definition, config.value, program);
}

async function serve<C extends CommonConfig>(
  definition: ServiceDefinition<C>,
  config: C,
  program: Program,
): Promise<ExitCode> {
  const { clock, log } = program;
  const host = hostService(definition, config, { clock, processMetrics: true, ...(log === undefined ? {} : { log }) });
  program.onLogger?.(host.log);
  const stop = watchStopRequests(program, host.log);

  const started = host.start().then(
    () => ({ kind: 'ready' }) as const,
    (error: unknown) => ({ kind: 'failed', error }) as const,
  );
  const outcome = await Promise.race([started, stop.asked]);
  if (outcome.kind === 'failed') {
    host.log.debug({ error: outcome.error }, 'could not start');
    await host.stop().catch(() => {});
    const { clean } = createRedactor(listSecrets(definition.config, config));
    program.stderr(`${definition.name}: could not start: ${clean(summarizeError(outcome.error))}`);
    return 1;
  }
  if (outcome.kind === 'ready') announce(host);
  await stop.asked;
  return await Promise.race([stopGracefully(host, config, clock), stop.forced]);
}

/** Whatever the log level: launchers wait for this line. */
function announce(host: HostedService): void {
  host.log
    .child({}, { level: 'info' })
    .info({ event: 'ready', addresses: host.addresses(), pid: process.pid }, 'ready');
}

async function stopGracefully(host: HostedService, config: CommonConfig, clock: Clock): Promise<ExitCode> {
  try {
    await withDeadline(host.stop(), config.stopTimeoutMs + stopMarginMs, { clock, what: 'stopping' });
    host.log.info({ event: 'stopped' }, 'stopped');
    return 0;
  } catch (error) {
    host.log.error({ event: 'stopped', error }, 'stopped, but not cleanly');
    return 1;
  }
}

interface StopWatch {
  /** Resolves at the first request. */
  readonly asked: Promise<{ readonly kind: 'asked' }>;
  /** Resolves when someone insists. */
  readonly forced: Promise<ExitCode>;
}

function watchStopRequests(program: Program, log: Logger): StopWatch {
  const asked = Promise.withResolvers<{ readonly kind: 'asked' }>();
  const forced = Promise.withResolvers<ExitCode>();
  let beganMs: number | undefined;
  program.onStopRequest(({ kind, reason }) => {
    const nowMs = program.clock.monotonic();
    const decision = decideSignal(beganMs, nowMs);
    if (decision === 'stop') {
      beganMs = nowMs;
      log.info({ event: 'stopping', reason }, 'stopping');
      asked.resolve({ kind: 'asked' });
    } else if (decision === 'force' && kind === 'signal') {
      log.warn({ event: 'forced', reason }, 'told to stop again: giving up the graceful stop');
      forced.resolve(1);
    }
  });
  return { asked: asked.promise, forced: forced.promise };
}

function formatHelp<C extends CommonConfig>({ name, config }: ServiceDefinition<C>): string {
  return [
    `${name} ${version}: a service of Frameworks, configured by environment variables`,
    '',
    `  ${name} [--check-config | --version | --help]`,
    '',
    formatConfigTable(describeConfig(config)),
  ].join('\n');
}
