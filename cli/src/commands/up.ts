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
      parseDirectory,
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

/** An unset variable in a script (`--data-dir "$DIR"`) must not mean "here". */
export function parseDirectory(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('It must be a directory.');
  return text;
}

/** People and supervisors are promised an end within five seconds. */
const stopLimitMs = 4700;

/** Runs a fleet until it is told to stop. */
export async function up(options: UpOptions, io: Io, create = createFleet): Promise<ExitCode> {
  const stop = watchStopRequests(io);
  const run: FleetRun = { options, io, stop, begun: io.clock.monotonic(), ready: false };
  // Loading alone takes a second; nobody should wonder whether anything happens.
  io.out(`Starting with the data in ${resolve(io.cwd, options.dataDir)} …`);
  return await Promise.race([runFleet(run, create), stop.forced, untilOverdue(run)]);
}

interface FleetRun {
  readonly options: UpOptions;
  readonly io: Io;
  readonly stop: StopWatch;
  readonly begun: number;
  ready: boolean;
}

/** Only now: `--help` and `--version` need none of it. */
async function createFleet(options: FleetOptions): Promise<UpFleet> {
  const { loadFleet } = await import('@frameworks/fleet/load');
  const Fleet = await loadFleet();
  return new Fleet(options);
}

async function runFleet(run: FleetRun, create: typeof createFleet): Promise<ExitCode> {
  const { io, options, stop } = run;
  const listeners: ((event: FleetEvent) => void)[] = [(event) => showCrash(event, io)];
  const creating = create({
    dataDir: resolve(io.cwd, options.dataDir),
    mode: options.processes ? 'processes' : 'embedded',
    environment: io.env,
    ...(options.portBase === undefined ? {} : { portBase: options.portBase }),
    onEvent: (event) => {
      for (const listen of listeners) listen(event);
    },
  });
  const fleet = await Promise.race([creating, stop.asked.then(() => undefined)]);
  if (!fleet) return await stop.asked;
  const progress = io.live ? await createLiveProgress(fleet.steps, io.out) : createPlainProgress(io.out, io.clock);
  listeners.push(progress.event);
  try {
    await fleet.start(stop.signal);
    await progress.end();
    run.ready = true;
    showReady(fleet, options, io, io.clock.monotonic() - run.begun);
  } catch (error) {
    await progress.end();
    if (!stop.signal.aborted) return explainFailure(error, io.err);
  }
  const code = await stop.asked;
  const stopBegun = io.clock.monotonic();
  await fleet.stop();
  if (run.ready) io.out(`Stopped after ${formatDuration(io.clock.monotonic() - stopBegun)}; the data is kept.`);
  else io.out('Stopped before everything was ready.');
  return code;
}

/** The last resort of a stop: our end closes the pipes of whatever still runs, and with them it ends. */
async function untilOverdue(run: FleetRun): Promise<ExitCode> {
  await run.stop.asked;
  await run.io.clock.sleep(stopLimitMs);
  run.io.err('Not everything stopped in time; what still runs ends by itself.');
  // A start that is given up has nothing to lose.
  return run.ready ? 1 : 0;
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
