import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';
import { type GuardedProcess, startGuarded } from '@frameworks/servers/guardian';
import { type Clock, DeadlineExceeded, deadline } from '@frameworks/std';
import type { ResolvedService } from './environment.ts';
import { type LogDirectory, readTail } from './logs.ts';
import { askReadiness } from './readiness.ts';
import { describeExit, type RunningUnit, type UnitExit } from './unit.ts';

export interface ProcessHostOptions {
  readonly logs: LogDirectory;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The launcher's environment, of which a service gets only what is not about any service. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Base of its operator listener. */
  readonly url: string;
  /** From start to the first "ready". */
  readonly readyTimeoutMs: number;
  /** Its pid, while it runs. */
  readonly pidFile: string;
  /** Told the pid as soon as there is one, so that it is on record before anything else can go wrong. */
  readonly onSpawn: (pid: number) => void;
}

const pollMs = 25;
const askTimeoutMs = 2000;
/** The service's own two deadlines for a stop end before. */
const stopPatienceMs = 5000;
/** What a process needs to run at all. Other services' secrets are none of its business. */
const inherited = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'NODE_EXTRA_CA_CERTS'];

/**
 * Starts a service as a process of its own below a guardian, as the servers are: a terminal's Ctrl-C reaches only the launcher,
 * which decides the order of stopping; and when the launcher is killed, the service is told to stop and, should its event loop
 * hang so that it cannot hear, killed. A service that watched the launcher by itself could not promise that.
 */
export async function startProcess(resolved: ResolvedService, options: ProcessHostOptions): Promise<RunningUnit> {
  const { name } = resolved.service.definition;
  const log = options.logs.open(name);
  let guarded: GuardedProcess;
  try {
    guarded = await startGuarded({
      argv: [process.execPath, resolved.service.main],
      env: childEnvironment(resolved, options.environment),
      // Relative paths among its settings mean what they mean in one process.
      cwd: process.cwd(),
      pidFile: options.pidFile,
      logFd: log.fd,
      stopSignal: 'TERM',
      patienceMs: stopPatienceMs,
    });
  } finally {
    log.close();
  }
  options.onSpawn(guarded.pid);
  const kill = async (): Promise<void> => void (await guarded.kill());
  try {
    await Promise.race([untilReady(options), failOnExit(guarded.exited, log.path)]);
  } catch (error) {
    await kill();
    throw error;
  }
  return { pid: guarded.pid, exited: guarded.exited, stop: async () => void (await guarded.stop()), kill };
}

async function failOnExit(exited: Promise<UnitExit>, logFile: string): Promise<never> {
  const reason = `it ended with ${describeExit(await exited)}`;
  // `runMain` says why in one plain line; everything else in the log is JSON.
  const said = readTail(logFile, 3).findLast((line) => !line.startsWith('{'));
  throw new Error(said === undefined ? reason : said.replace(/^[^:]*: could not start: /, ''));
}

async function untilReady({ url, clock, signal, readyTimeoutMs }: ProcessHostOptions): Promise<void> {
  using limit = deadline(readyTimeoutMs, { clock, signal, what: 'becoming ready' });
  for (let last = 'no answer yet'; ; ) {
    const readiness = await askReadiness(url, askTimeoutMs);
    if (readiness.state === 'ready') return;
    last = readiness.reason;
    try {
      await clock.sleep(pollMs, limit.signal);
    } catch (error) {
      throw error instanceof DeadlineExceeded
        ? new Error(`it was not ready within ${readyTimeoutMs} ms: ${last}`)
        : error;
    }
  }
}

function childEnvironment(
  { variables }: ResolvedService,
  environment: ProcessHostOptions['environment'],
): Record<string, string> {
  const own = inherited.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]]));
  // Node names a directory per version below the one it is given.
  const cache = getCompileCacheDir();
  const compileCache = cache === undefined ? {} : { NODE_COMPILE_CACHE: dirname(cache) };
  return { ...Object.fromEntries(own), ...compileCache, ...variables };
}
