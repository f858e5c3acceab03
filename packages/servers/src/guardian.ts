import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';

/**
 * Every server runs below a guardian: a POSIX shell (under 1 MB, against 40 MB of a Node process) in a session of its own,
 * so that a terminal's Ctrl-C reaches only the launcher, which decides the order of stopping. A pipe leads from the launcher
 * to the guardian. Its end of file means "stop": sent on purpose by `stop()`, and by the kernel when the launcher dies, even
 * by kill -9. So there is one way to stop, and every ordinary stop tests it. SIGUSR1 to the guardian means SIGKILL, also in the
 * middle of a stop. Only the guardian, the server's parent, ever signals it: until it has waited for its child, nobody else
 * can get that pid.
 *
 * The watcher that does the signalling ends with the guardian. Should the guardian alone be killed, the watcher outlives it only as
 * long as the server, so that it never signals whoever has that pid next.
 *
 * A signal ends `wait` early, with a status of its own; then it waits again. By then the status may have been told (127).
 *
 * $1 pid file, $2 signal for a quick clean stop, $3 seconds until SIGKILL, then the command.
 */
const script = `
pid_file=$1 signal=$2 patience=$3; shift 3
umask 077
exec 4<&0 0</dev/null
"$@" 3>&- 4<&- &
server=$!
echo "$server" >"$pid_file" || kill -9 "$server"
(
  while read -r _; do :; done
  kill -s "$signal" "$server"
  trap 'kill "$nap"; wait "$nap"; exit' TERM
  while [ "$patience" -gt 0 ]; do
    sleep 1 & nap=$!
    wait "$nap"
    kill -0 "$server" || exit
    patience=$((patience - 1))
  done
  kill -9 "$server"
) <&4 3>&- 4<&- 2>/dev/null &
watcher=$!
exec 4<&-
trap 'again=1; kill -s "$signal" "$server" 2>/dev/null' TERM INT HUP
trap 'again=1; kill -9 "$server" 2>/dev/null' USR1
echo "$server" >&3
exec 3>&-
status=127 again=1
while [ -n "$again" ]; do
  again=
  wait "$server"; code=$?
  [ "$code" -eq 127 ] || status=$code
done
kill "$watcher" 2>/dev/null
wait "$watcher" 2>/dev/null
rm -f "$pid_file"
exit "$status"
`;

/** How a process ended: by an exit code, or by a signal. */
export interface ProcessExit {
  readonly code: number | undefined;
  readonly signal: string | undefined;
}

export interface GuardedCommand {
  readonly argv: readonly string[];
  /** The whole environment of the program; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** Working directory. Default `/`, so that none is kept from being removed. */
  readonly cwd?: string;
  /** Where the guardian notes the server's pid; removed at the end. */
  readonly pidFile: string;
  /** Open file descriptor for the program's output. */
  readonly logFd: number;
  readonly stopSignal: 'INT' | 'TERM';
  /** How long a stop may take before SIGKILL. */
  readonly patienceMs: number;
  /** The shell, by path and arguments. Default: the system's. */
  readonly shell?: readonly string[];
}

/** A program bound to the life of this process. */
export interface GuardedProcess {
  readonly pid: number;
  readonly exited: Promise<ProcessExit>;
  /** Asks for a clean stop; after `patienceMs` SIGKILL. Resolves when the program has ended; may be called again. */
  stop(): Promise<ProcessExit>;
  /** SIGKILL, as a crash would. Resolves when the program has ended. */
  kill(): Promise<ProcessExit>;
}

/** Starts a program below a guardian. Resolves when it has a pid, which says nothing about it being ready. */
export async function startGuarded(command: GuardedCommand): Promise<GuardedProcess> {
  const patience = String(Math.max(1, Math.ceil(command.patienceMs / 1000)));
  const parameters = [command.pidFile, command.stopSignal, patience, ...command.argv];
  const [shell = '', ...flags] = command.shell ?? ['/bin/sh'];
  const guardian = spawn(shell, [...flags, '-c', script, 'frameworks-guardian', ...parameters], {
    cwd: command.cwd ?? '/',
    detached: true,
    env: { ...command.env },
    stdio: ['pipe', command.logFd, command.logFd, 'pipe'],
  });
  // Writing to a guardian that has just ended is no failure: its end is what the caller hears about.
  guardian.stdin?.on('error', () => undefined);
  const exited = once(guardian, 'exit').then(([code]) => toExit(code));
  // No shell, or no room for a process: without this the caller would wait for output of what does not exist.
  await once(guardian, 'spawn').catch(async (error: unknown) => {
    await exited.catch(() => undefined);
    throw error;
  });
  const pid = Number(await readAll(guardian.stdio[3] as Readable)); // stdio says 'pipe' for 3, which the types do not follow
  return {
    pid,
    exited,
    stop: () => {
      guardian.stdin?.end();
      return exited;
    },
    kill: () => {
      guardian.kill('SIGUSR1');
      return exited;
    },
  };
}

async function readAll(stream: Readable): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}

/** A shell reports "ended by signal n" as 128 + n. */
function toExit(code: number | null): ProcessExit {
  if (code === null) return { code: undefined, signal: 'SIGKILL' };
  if (code <= 128) return { code, signal: undefined };
  const name = Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0];
  return { code: undefined, signal: name ?? `SIG${code - 128}` };
}
