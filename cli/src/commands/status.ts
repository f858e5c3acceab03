import { dirname, join, resolve } from 'node:path';
import { type FleetServiceEntry, findFleetFile, type ReadFleetFile } from '@frameworks/fleet/fleet-file';
import { findProcess } from '@frameworks/fleet/process-identity';
import { askReadiness } from '@frameworks/fleet/readiness';
import type { ExitCode, Io } from '../io.ts';
import type { AddCommand } from '../run.ts';
import { formatDuration, formatTable } from '../table.ts';
import { parseDirectory } from './up.ts';

export interface StatusOptions {
  readonly dataDir?: string;
}

const defaultDirectory = '.frameworks';
/** A service that needs longer to say whether it is ready is not. */
const askTimeoutMs = 2500;

export const addStatus: AddCommand = (program, io, done) => {
  program
    .command('status')
    .description('Show what runs here and whether it is ready. Exit code 1 unless everything is.')
    .option(
      '--data-dir <dir>',
      'the fleet of this directory; default: .frameworks here or in a directory above',
      parseDirectory,
    )
    .action(async (options: StatusOptions) => done(await status(options, io)));
};

/** Asks every service of a running fleet whether it is ready. */
export async function status(options: StatusOptions, io: Io): Promise<ExitCode> {
  const found = lookForFleet(options, io);
  if ('problem' in found) {
    io.err(found.problem);
    return 1;
  }
  const { file } = found;
  const { launcher, services } = file.description;
  if (!findProcess(launcher.pid)) {
    io.err(
      `Nothing runs: the launcher of ${file.path} (pid ${launcher.pid}) was killed; start it again with frameworks up --data-dir ${dirname(file.path)}.`,
    );
    return 1;
  }
  const rows = await Promise.all(services.map((service) => ask(service, io)));
  const age = formatDuration(io.clock.now() - file.writtenAt);
  io.out(`${dirname(file.path)}: ${launcher.mode}, launcher pid ${launcher.pid}; addresses written ${age} ago.`);
  io.out('');
  const heading = ['SERVICE', 'INSTANCE', 'STATE', 'PID', 'ADDRESS', 'ASKED'];
  for (const line of formatTable([heading, ...rows.map(({ cells }) => cells())])) io.out(`  ${line}`);
  return rows.every(({ ready }) => ready) ? 0 : 1;
}

/** The fleet file, or one sentence that says why there is none. */
function lookForFleet(options: StatusOptions, io: Io): { file: ReadFleetFile } | { problem: string } {
  const { dataDir } = options;
  try {
    const file = findFleet(options, io);
    if (file) return { file };
    const problem =
      dataDir === undefined
        ? `Nothing runs in ${io.cwd} or above; start it with frameworks up.`
        : `Nothing runs with the data in ${dataDir}; start it with frameworks up --data-dir ${dataDir}.`;
    return { problem };
  } catch (error) {
    const forbidden = error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EPERM');
    if (forbidden) return { problem: 'A fleet here may not be read by this user; ask as the user who started it.' };
    const message = error instanceof Error ? error.message : String(error);
    return { problem: `${message}; stop that fleet with the version that started it.` };
  }
}

function findFleet({ dataDir }: StatusOptions, io: Io): ReadFleetFile | undefined {
  if (dataDir !== undefined) return findFleetFile(resolve(io.cwd, dataDir));
  for (let directory = io.cwd; ; directory = dirname(directory)) {
    const file = findFleetFile(join(directory, defaultDirectory));
    if (file || directory === dirname(directory)) return file;
  }
}

async function ask(service: FleetServiceEntry, io: Io) {
  const readiness = await askReadiness(service.url, askTimeoutMs);
  const askedAt = io.clock.monotonic();
  const state = readiness.state === 'ready' ? 'ready' : `${readiness.state} (${readiness.reason})`;
  // The age is as of printing: one slow service makes the others' answers old.
  const age = (): string => `${formatDuration(io.clock.monotonic() - askedAt)} ago`;
  const cells = (): string[] => [service.name, service.instance, state, String(service.pid), service.url, age()];
  return { ready: readiness.state === 'ready', cells };
}
