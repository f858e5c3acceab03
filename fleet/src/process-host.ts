import { type ChildProcess, spawn } from 'node:child_process';
import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';
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
  /** Told the pid as soon as there is one, so that it is on record before anything else can go wrong. */
  readonly onSpawn: (pid: number) => void;
}

const pollMs = 25;
const askTimeoutMs = 2000;
/** What a process needs to run at all. Other services' secrets are none of its business. */
const inherited = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'NODE_OPTIONS', 'NODE_EXTRA_CA_CERTS'];

/**
 * Starts a service as a process of its own, in a session of its own: a terminal's Ctrl-C reaches only the launcher, which decides
 * the order of stopping. Its standard input is a pipe from here; it stops when that closes, also when we are killed.
 */
export async function startProcess(resolved: ResolvedService, options: ProcessHostOptions): Promise<RunningUnit> {
  const log = options.logs.open(resolved.service.definition.name);
  const child = spawn(process.execPath, [resolved.service.main], {
    detached: true,
    env: childEnvironment(resolved, options.environment),
    stdio: ['pipe', log.fd, log.fd],
  });
  log.close();
  const exited = untilExit(child);
  // A child that ends first makes our end of the pipe an error nobody needs to hear of.
  child.stdin?.on('error', () => {});
  const { pid } = child;
  if (pid === undefined) throw new Error((await exited).reason);
  options.onSpawn(pid);
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  try {
    await Promise.race([untilReady(options), failOnExit(exited, log.path)]);
  } catch (error) {
    await kill();
    throw error;
  }
  return {
    pid,
    exited,
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
    kill,
  };
}

type ChildExit = UnitExit & { readonly reason: string };

function untilExit(child: ChildProcess): Promise<ChildExit> {
  return new Promise((resolve) => {
    child.once('error', (error) =>
      resolve({ code: undefined, signal: undefined, reason: `cannot be run: ${error.message}` }),
    );
    child.once('exit', (code, signal) => {
      const exit = { code: code ?? undefined, signal: signal ?? undefined };
      resolve({ ...exit, reason: `it ended with ${describeExit(exit)}` });
    });
  });
}

async function failOnExit(exited: Promise<ChildExit>, logFile: string): Promise<never> {
  const { reason } = await exited;
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
  return { ...Object.fromEntries(own), ...compileCache, ...variables, FRAMEWORKS_EXIT_WITH_PARENT: '1' };
}
