import { type BackoffPolicy, backoffCeiling, type Clock, isAbort, withDeadline } from '@frameworks/std';
import type { FleetListener } from './events.ts';
import { describeExit, type RunningUnit, type Unit, type UnitExit } from './unit.ts';

/** When a crashed unit is started again. */
export interface RestartPolicy {
  readonly backoff: BackoffPolicy;
  /** After this many crashes within `windowMs` it stays down: somebody must look at it. */
  readonly mostCrashes: number;
  readonly windowMs: number;
}

export interface SupervisorOptions {
  readonly unit: Unit;
  readonly clock: Clock;
  readonly policy: RestartPolicy;
  readonly onEvent: FleetListener;
  /** A process began (`true`) or ended (`false`). */
  readonly onProcess: (pid: number, alive: boolean) => void;
}

type State =
  | { readonly name: 'idle' }
  | { readonly name: 'starting' }
  | { readonly name: 'running'; readonly running: RunningUnit }
  | { readonly name: 'waiting' }
  | { readonly name: 'failed' }
  | { readonly name: 'stopped' };

/** Keeps one unit up: starts it, starts it again when it crashes, stops it. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #ending = new AbortController();
  #state: State = { name: 'idle' };
  #crashTimes: number[] = [];
  #watch: Promise<void> = Promise.resolve();

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  get unit(): Unit {
    return this.#options.unit;
  }

  /** The pid, when it runs. */
  get pid(): number | undefined {
    return this.#state.name === 'running' ? this.#state.running.pid : undefined;
  }

  /** Resolves when ready; a failure of this first start is the caller's to judge. */
  async start(signal: AbortSignal): Promise<void> {
    const running = await this.#launch(AbortSignal.any([signal, this.#ending.signal]));
    this.#watch = this.#supervise(running);
  }

  /** Clean stop, SIGKILL after `patienceMs`. Resolves when the process is gone. */
  async stop(patienceMs: number): Promise<void> {
    const { clock, unit } = this.#options;
    const state = this.#state;
    this.#ending.abort(new Error('the fleet is stopping'));
    if (state.name === 'running') {
      try {
        await withDeadline(state.running.stop(), patienceMs, { clock, what: `stopping ${unit.step.name}` });
      } catch {
        await state.running.kill();
      }
      this.#options.onProcess(state.running.pid, false);
    }
    await this.#watch;
    this.#state = { name: 'stopped' };
  }

  /** idle | waiting → starting → running */
  async #launch(signal: AbortSignal): Promise<RunningUnit> {
    this.#state = { name: 'starting' };
    const running = await this.#options.unit.launch(signal);
    this.#options.onProcess(running.pid, true);
    this.#state = { name: 'running', running };
    return running;
  }

  async #supervise(first: RunningUnit): Promise<void> {
    let running: RunningUnit | undefined = first;
    while (running !== undefined) {
      const exit: UnitExit | undefined = await this.#untilExit(running);
      // Asked to end: whoever asked waits for it.
      if (exit === undefined || this.#ending.signal.aborted) return;
      this.#options.onProcess(running.pid, false);
      running = await this.#revive(describeExit(exit));
    }
  }

  /** Undefined when the end was asked for before it came. */
  #untilExit(running: RunningUnit): Promise<UnitExit | undefined> {
    const asked = new Promise<undefined>((resolve) => {
      this.#ending.signal.addEventListener('abort', () => resolve(undefined), { once: true });
    });
    return Promise.race([running.exited, asked]);
  }

  /** running → waiting → starting → running | failed */
  async #revive(how: string): Promise<RunningUnit | undefined> {
    const { clock, unit, onEvent } = this.#options;
    for (let reason = how; ; ) {
      this.#state = { name: 'waiting' };
      const restartInMs = this.#nextWait();
      onEvent({ type: 'crashed', name: unit.step.name, how: reason, restartInMs, logFile: unit.logFile });
      if (restartInMs === undefined) {
        this.#state = { name: 'failed' };
        return undefined;
      }
      try {
        await clock.sleep(restartInMs, this.#ending.signal);
        const running = await this.#launch(this.#ending.signal);
        onEvent({ type: 'restarted', name: unit.step.name, pid: running.pid });
        return running;
      } catch (error) {
        if (isAbort(error, this.#ending.signal) || this.#ending.signal.aborted) return undefined;
        reason = error instanceof Error ? error.message : String(error);
      }
    }
  }

  /** Milliseconds until the next start; undefined when there were too many crashes lately. */
  #nextWait(): number | undefined {
    const { clock, policy } = this.#options;
    const now = clock.monotonic();
    this.#crashTimes = [...this.#crashTimes.filter((time) => now - time < policy.windowMs), now];
    if (this.#crashTimes.length > policy.mostCrashes) return undefined;
    return backoffCeiling(this.#crashTimes.length - 1, policy.backoff);
  }
}
