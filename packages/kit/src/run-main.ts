import { systemClock } from '@frameworks/std';
import type { CommonConfig } from './config/definition.ts';
import { summarizeError } from './describe-error.ts';
import type { Logger } from './log.ts';
import { type ExitCode, type Program, runProgram } from './run-program.ts';
import type { ServiceDefinition } from './service.ts';

/** Set by launchers: the service stops when its standard input closes, which also happens when the launcher is killed. */
const exitWithParent = 'FRAMEWORKS_EXIT_WITH_PARENT';

/**
 * The whole of a `main.ts`: `await runMain(navigator);`. Parses arguments and environment, starts, prints one JSON line
 * with `event: "ready"`, waits for SIGINT, SIGTERM or the parent's end, stops gracefully and exits:
 * 0 as asked · 1 could not start, could not stop cleanly, or crashed · 2 wrong arguments or configuration.
 * The only place where the process ends itself.
 */
export async function runMain<C extends CommonConfig>(definition: ServiceDefinition<C>): Promise<void> {
  let log: Logger | undefined;
  const crash = (error: unknown): void => {
    if (log === undefined) process.stderr.write(`${definition.name}: crashed: ${summarizeError(error)}\n`);
    else log.fatal({ event: 'crashed', error }, 'crashed');
    exit(1);
  };
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);
  // A launcher that was killed no longer reads; that must not turn the graceful stop into a crash.
  process.stdout.on('error', () => {});
  process.stderr.on('error', () => {});

  const program: Program = {
    args: process.argv.slice(2),
    env: process.env,
    clock: systemClock,
    stdout: (line) => void process.stdout.write(`${line}\n`),
    stderr: (line) => void process.stderr.write(`${line}\n`),
    onStopRequest: (handle) => {
      for (const reason of ['SIGINT', 'SIGTERM'] as const) process.on(reason, () => handle({ kind: 'signal', reason }));
      if (process.env[exitWithParent] === '1') onParentEnd(() => handle({ kind: 'parent', reason: 'parent ended' }));
    },
    onLogger: (created) => {
      log = created;
    },
  };
  exit(await runProgram(definition, program));
}

function onParentEnd(handle: () => void): void {
  let told = false;
  const once = (): void => {
    if (!told) handle();
    told = true;
  };
  process.stdin.on('end', once).on('close', once).on('error', once).resume();
}

function exit(code: ExitCode): never {
  process.exit(code);
}
