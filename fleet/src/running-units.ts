import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { summarizeError } from '@frameworks/kit';
import { ServerStartError } from '@frameworks/servers';
import type { Clock } from '@frameworks/std';
import type { FleetListener } from './events.ts';
import { readTailForPeople } from './logs.ts';
import { FleetStartError } from './mistakes.ts';
import type { FleetTuning } from './options.ts';
import { Supervisor } from './supervisor.ts';
import type { Unit } from './unit.ts';

/** Lines of a log that help a person; the file's path is for more. */
const tailLines = 8;
/** Share of a stop that services get; the rest belongs to the servers with their data. */
const serviceShare = 0.6;
/** However little time is left, everything is asked to stop before it is killed. */
const leastPatienceMs = 200;

export interface RunningUnitsOptions {
  readonly clock: Clock;
  readonly tuning: Pick<FleetTuning, 'restart' | 'stopMs'>;
  readonly onEvent: FleetListener;
  /** A process began (`true`) or ended (`false`). */
  readonly onProcess: (pid: number, alive: boolean) => void;
}

/** The servers and services of a fleet: each watched from its start on, stopped in the reverse order. */
export class RunningUnits {
  readonly #options: RunningUnitsOptions;
  readonly #supervisors: Supervisor[] = [];
  readonly #readyAfter = new Map<string, number>();

  constructor(options: RunningUnitsOptions) {
    this.#options = options;
  }

  /** Resolves when ready. Rejects with `FleetStartError` or the signal's reason. */
  async start(unit: Unit, signal: AbortSignal): Promise<void> {
    const { clock, tuning, onEvent, onProcess } = this.#options;
    signal.throwIfAborted();
    const begun = clock.monotonic();
    onEvent({ type: 'step-started', step: unit.step });
    const supervisor = new Supervisor({ unit, clock, policy: tuning.restart, onEvent, onProcess });
    this.#supervisors.push(supervisor);
    try {
      await supervisor.start(signal);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      onEvent({ type: 'step-failed', step: unit.step });
      throw toStartError(unit, error);
    }
    const tookMs = clock.monotonic() - begun;
    this.#readyAfter.set(unit.step.name, tookMs);
    onEvent({ type: 'step-ready', step: unit.step, tookMs });
  }

  /** For units that do not know each other. The first failure gives up the rest, and none is left behind unheard. */
  async startTogether(units: readonly Unit[], signal: AbortSignal): Promise<void> {
    const giveUp = new AbortController();
    const any = AbortSignal.any([signal, giveUp.signal]);
    const starts = units.map((unit) =>
      this.start(unit, any).catch((error: unknown) => {
        giveUp.abort(error);
        throw error;
      }),
    );
    const failed = (await Promise.allSettled(starts)).some(({ status }) => status === 'rejected');
    signal.throwIfAborted();
    if (failed) throw giveUp.signal.reason;
  }

  /** The process of a unit, while it runs. */
  pidOf(name: string): number | undefined {
    return this.#supervisors.find(({ unit }) => unit.step.name === name)?.pid;
  }

  /** How long its first start took; 0 until it was ready. */
  readyAfterMs(name: string): number {
    return this.#readyAfter.get(name) ?? 0;
  }

  /** Services one by one in reverse order, then the stores together; within the tuning's time. Never rejects. */
  async stop(stores: ReadonlySet<Unit>): Promise<void> {
    const { clock, tuning } = this.#options;
    const begun = clock.monotonic();
    const remaining = (share: number): number =>
      Math.max(leastPatienceMs, begun + tuning.stopMs * share - clock.monotonic());
    for (const supervisor of this.#supervisors.filter(({ unit }) => !stores.has(unit)).reverse()) {
      await supervisor.stop(remaining(serviceShare));
    }
    const storeSupervisors = this.#supervisors.filter(({ unit }) => stores.has(unit));
    await Promise.all(storeSupervisors.map((supervisor) => supervisor.stop(remaining(1))));
  }
}

function toStartError(unit: Unit, error: unknown): FleetStartError {
  const said =
    error instanceof ServerStartError
      ? error.logTail.split('\n').filter(Boolean)
      : readTailForPeople(unit.logFile, tailLines);
  return new FleetStartError({
    step: unit.step.name,
    message: summarizeError(error),
    // One that failed before it had a log of its own may have left others beside it.
    logFile: existsSync(unit.logFile) ? unit.logFile : dirname(unit.logFile),
    logTail: said.slice(-tailLines),
    cause: error,
  });
}
