import { join } from 'node:path';
import { sleep } from '@frameworks/std';
import { claimDirectory, findClaimHolder } from './claim.ts';
import { prepareDataDir } from './data-dir.ts';
import { ServerStartError } from './errors.ts';
import { type GuardedProcess, type ProcessExit, startGuarded } from './guardian.ts';
import { stopLeftover } from './leftover.ts';
import { boundLogFile, openLogFile, readLogTail } from './log-file.ts';
import { findFreePort, isPortFree } from './ports.ts';

/** A server program that runs and has answered a request of its own protocol. It ends with this process, however that ends. */
export interface RunningServer {
  readonly pid: number;
  /** TCP port on 127.0.0.1. */
  readonly port: number;
  /** Where clients connect, with user and password. A secret. */
  readonly url: string;
  /** The data directory, links resolved. */
  readonly dataDir: string;
  /** Where its output goes. */
  readonly logFile: string;
  /** Clean stop: everything acknowledged is on disk. Resolves when the process is gone; may be called again. */
  stop(): Promise<void>;
  /** SIGKILL, as a crash would. Resolves when the process is gone. */
  kill(): Promise<void>;
  /** Resolves when the process ends, asked or not. */
  readonly exited: Promise<ProcessExit>;
}

/** What every server has in common to say about its start. */
export interface StartOptions {
  /** Directory for this server alone: data, password, log. Made when missing. */
  dataDir: string;
  /** TCP port on 127.0.0.1; a free one is chosen when left out. */
  port?: number;
  /** Colon-separated directories in which to look for programs; see `findProgram`. */
  searchPath?: string;
  /** From start to the first answer. Default 30 000. */
  readyTimeoutMs?: number;
  /** Abort to give up starting: the program is killed and the start rejects with the reason. */
  signal?: AbortSignal;
}

/** A command and what has to be known about it to run it. */
export interface Launch {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** What differs between server programs. */
export interface ServerKind {
  /** For messages: `PostgreSQL`. */
  readonly title: string;
  /** Names or prefixes of what the server keeps in its data directory. */
  readonly entries: readonly string[];
  readonly stopSignal: 'INT' | 'TERM';
  readonly stopPatienceMs: number;
  /** Once, before the start, with the directory held: initialise it, write settings. */
  prepare(dir: string): Promise<void>;
  command(dir: string, port: number): Promise<Launch>;
  /** Does this command line belong to a server of this kind in `dir`? */
  owns(argv: readonly string[], dir: string): boolean;
  /** One attempt of the real protocol, that only this server can answer. */
  isReady(port: number, pid: number, dir: string): Promise<boolean>;
  url(port: number, dir: string): Promise<string>;
  /** Does the log say that a predecessor is not quite gone, so that trying again helps? */
  isTransient?(logTail: string): boolean;
}

const defaultReadyTimeoutMs = 30_000;

/** Claims the directory, clears a left-over of a killed launcher, starts the program and waits until it answers. */
export async function launch(kind: ServerKind, options: StartOptions): Promise<RunningServer> {
  const dir = await prepareDataDir(options.dataDir, [...kind.entries, 'server.pid', 'log', 'password']);
  const claim = await claimDirectory(dir);
  if (claim === undefined) throw await inUse(kind, dir);
  try {
    await stopLeftover(kind, dir);
    await kind.prepare(dir);
    const server = await startAnswering(kind, dir, options);
    const exited = server.exited.finally(async () => {
      // Nothing to do, unless somebody killed the guardian: then the server goes on without one.
      await stopLeftover(kind, dir);
      await claim.release();
    });
    exited.catch(() => undefined);
    return {
      ...server,
      exited,
      stop: () =>
        server
          .stop()
          .then(() => exited)
          .then(() => undefined),
      kill: () =>
        server
          .kill()
          .then(() => exited)
          .then(() => undefined),
    };
  } catch (error) {
    await claim.release();
    throw toStartError(kind, dir, error);
  }
}

/** What the operating system says about disk and permissions, as a sentence; other errors come back as they are. */
function toStartError(kind: ServerKind, dir: string, error: unknown): unknown {
  if (error instanceof ServerStartError || !(error instanceof Error && 'code' in error)) return error;
  const code = String(error.code);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const message = `The disk with ${dir} is full; make room there, then start ${kind.title} again.`;
    return new ServerStartError('START_FAILED', message, { cause: error });
  }
  if (!/^(?:EACCES|EPERM|EROFS|EIO|EINVAL|EAGAIN|ENOMEM|EMFILE)$/.test(code)) return error;
  const message = `${kind.title} could not be started in ${dir}; mend what the system says: ${error.message}`;
  return new ServerStartError('START_FAILED', message, { cause: error });
}

type Answering = Omit<RunningServer, 'stop' | 'kill'> & GuardedProcess;

async function startAnswering(kind: ServerKind, dir: string, options: StartOptions): Promise<Answering> {
  const deadline = performance.now() + (options.readyTimeoutMs ?? defaultReadyTimeoutMs);
  for (;;) {
    const port = options.port ?? (await findFreePort());
    try {
      if (!(await isPortFree(port))) throw portInUse(kind, port);
      return await startOnce(kind, dir, { port, deadline, signal: options.signal });
    } catch (error) {
      if (!(error instanceof ServerStartError) || performance.now() > deadline) throw error;
      const chosenPortTaken = error.reason === 'PORT_IN_USE' && options.port === undefined;
      if (!chosenPortTaken && !kind.isTransient?.(error.logTail)) throw error;
      await sleep(100, options.signal);
    }
  }
}

interface Attempt {
  readonly port: number;
  /** On the monotonic clock. */
  readonly deadline: number;
  readonly signal: AbortSignal | undefined;
}

async function startOnce(kind: ServerKind, dir: string, attempt: Attempt): Promise<Answering> {
  const logFile = join(dir, 'log', 'server.log');
  const command = await kind.command(dir, attempt.port);
  const guarded = await runLogged(kind, { dir, command, logFile });
  let url: string;
  try {
    await untilReady(kind, { ...attempt, dir, guarded, logFile });
    url = await kind.url(attempt.port, dir);
  } catch (error) {
    await guarded.kill();
    throw error;
  }
  const done = new AbortController();
  guarded.exited.finally(() => done.abort()).catch(() => undefined);
  void boundLogFile(logFile, done.signal);
  return { ...guarded, port: attempt.port, url, dataDir: dir, logFile };
}

async function runLogged(
  { stopSignal, stopPatienceMs: patienceMs }: ServerKind,
  { dir, command, logFile }: { dir: string; command: Launch; logFile: string },
): Promise<GuardedProcess> {
  const log = await openLogFile(logFile);
  try {
    return await startGuarded({ ...command, pidFile: join(dir, 'server.pid'), logFd: log.fd, stopSignal, patienceMs });
  } finally {
    await log.close();
  }
}

interface Waiting extends Attempt {
  readonly dir: string;
  readonly guarded: GuardedProcess;
  readonly logFile: string;
}

async function untilReady(kind: ServerKind, { guarded, port, dir, deadline, signal, logFile }: Waiting): Promise<void> {
  let ended = false;
  const end = guarded.exited.then(() => {
    ended = true;
  });
  for (let pauseMs = 5; ; pauseMs = Math.min(pauseMs * 2, 100)) {
    signal?.throwIfAborted();
    if (!ended && (await kind.isReady(port, guarded.pid, dir)) && !ended) return;
    if (ended) throw failedStart(kind, { port, dir, logFile, tail: await readLogTail(logFile) });
    if (performance.now() > deadline) {
      const message = `${kind.title} did not answer in time; look at ${logFile} for the reason.`;
      throw new ServerStartError('START_FAILED', message, { logTail: await readLogTail(logFile) });
    }
    await Promise.race([sleep(pauseMs), end]);
  }
}

function failedStart(
  kind: ServerKind,
  { port, dir, logFile, tail }: { port: number; dir: string; logFile: string; tail: string },
): ServerStartError {
  if (/address already in use/i.test(tail)) return portInUse(kind, port, tail);
  if (kind.isTransient?.(tail)) {
    const message = `Another ${kind.title} works in ${dir}; stop it, or choose another data directory.`;
    return new ServerStartError('DATA_DIR_IN_USE', message, { logTail: tail });
  }
  const last = tail.split('\n').at(-1) ?? '';
  const message = `${kind.title} ended while it started; look at ${logFile} for the reason (${last}).`;
  return new ServerStartError('START_FAILED', message, { logTail: tail });
}

function portInUse(kind: ServerKind, port: number, logTail = ''): ServerStartError {
  const message = `Port ${port} for ${kind.title} is in use; stop what listens there, or choose another port.`;
  return new ServerStartError('PORT_IN_USE', message, { logTail });
}

async function inUse(kind: ServerKind, dir: string): Promise<ServerStartError> {
  const holder = await findClaimHolder(dir);
  const by = holder === undefined ? '' : ` by process ${holder}`;
  const message = `The data directory ${dir} of ${kind.title} is in use${by}; stop that one, or choose another data directory.`;
  return new ServerStartError('DATA_DIR_IN_USE', message);
}
