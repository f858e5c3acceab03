import { join, resolve } from 'node:path';
import type { Fleet, FleetEvent, FleetOptions } from '@frameworks/fleet';
import { InvalidArgumentError } from 'commander';
import { explainFailure } from '../explain-failure.ts';
import type { ExitCode, Io } from '../io.ts';
import { createLiveProgress, createPlainProgress } from '../progress.ts';
import type { AddCommand } from '../run.ts';
import { type StopWatch, watchStopRequests } from '../stop-watch.ts';
import { formatDuration, formatTable } from '../table.ts';

export interface UpOptions {
  readonly dataDir: string;
  readonly processes?: boolean;
  readonly portBase?: number;
}

/** The part of a fleet that the command uses. */
export type UpFleet = Pick<Fleet, 'start' | 'stop' | 'steps' | 'rows' | 'file'>;

export const addUp: AddCommand = (program, io, done) => {
  program
    .command('up')
    .description('Start everything on this machine and keep it running until Ctrl-C.')
    .option(
      '--data-dir <dir>',
      'where everything is kept; the same directory brings the same fleet back',
      '.frameworks',
    )
    .option('--processes', 'each service as a process of its own, on PostgreSQL, Redis and NATS found on the PATH')
    .option('--port-base <port>', 'take all ports from this one upwards instead of the default ones', parsePort)
    .action(async (options: UpOptions) => done(await up(options, io)));
};

function parsePort(text: string): number {
  // Its range depends on how many ports the fleet needs; the fleet says so.
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a port number.');
  return Number(text);
}

/** Runs a fleet until it is told to stop. */
export async function up(options: UpOptions, io: Io, create = createFleet): Promise<ExitCode> {
  const begun = io.clock.monotonic();
  const stop = watchStopRequests(io);
  const listeners: ((event: FleetEvent) => void)[] = [(event) => showCrash(event, io)];
  const fleet = await create({
    dataDir: resolve(io.cwd, options.dataDir),
    mode: options.processes ? 'processes' : 'embedded',
    environment: io.env,
    ...(options.portBase === undefined ? {} : { portBase: options.portBase }),
    onEvent: (event) => {
      for (const listen of listeners) listen(event);
    },
  });
  const progress = io.live ? await createLiveProgress(fleet.steps) : createPlainProgress(io.out, io.clock);
  listeners.push(progress.event);
  try {
    await Promise.race([fleet.start(stop.signal), stop.forced.then(() => stop.signal.throwIfAborted())]);
    await progress.end();
    showReady(fleet, options, io, io.clock.monotonic() - begun);
  } catch (error) {
    await progress.end();
    if (!stop.signal.aborted) return explainFailure(error, io.err);
  }
  return await untilStopped(fleet, stop, io);
}

/** Only now: `--help` and `--version` need none of it. */
async function createFleet(options: FleetOptions): Promise<UpFleet> {
  const { Fleet } = await import('@frameworks/fleet');
  return new Fleet(options);
}

async function untilStopped(fleet: UpFleet, stop: StopWatch, io: Io): Promise<ExitCode> {
  const code = await stop.asked;
  const begun = io.clock.monotonic();
  io.out('Stopping …');
  const stopped = fleet.stop().then(() => {
    io.out(`Stopped after ${formatDuration(io.clock.monotonic() - begun)}. The data stays where it is.`);
    return code;
  });
  return await Promise.race([stopped, stop.forced]);
}

function showReady(fleet: UpFleet, options: UpOptions, io: Io, tookMs: number): void {
  const dataDir = resolve(io.cwd, options.dataDir);
  const rows = fleet
    .rows()
    .map(({ name, instance, address, readyAfterMs }) => [
      name,
      instance || '–',
      'ready',
      address,
      formatDuration(readyAfterMs),
    ]);
  const facts = [
    ['data', dataDir],
    ['addresses', fleet.file],
    ['logs', join(dataDir, 'logs')],
    ['stop', `Ctrl-C or kill ${process.pid}`],
  ];
  const lines = [
    ...formatTable([['SERVICE', 'INSTANCE', 'STATE', 'ADDRESS', 'READY AFTER'], ...rows]),
    '',
    ...formatTable(facts),
  ];
  io.out('');
  for (const line of lines) io.out(line === '' ? '' : `  ${line}`);
  io.out('');
  io.out(`Ready after ${formatDuration(tookMs)}.`);
}

function showCrash(event: FleetEvent, io: Io): void {
  if (event.type === 'restarted') io.out(`${event.name} runs again (pid ${event.pid}).`);
  if (event.type !== 'crashed') return;
  const next =
    event.restartInMs === undefined ? 'it stays down' : `it starts again in ${formatDuration(event.restartInMs)}`;
  io.err(`${event.name} ended (${event.how}); ${next}. Its log: ${event.logFile}`);
}
