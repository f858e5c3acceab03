import { type Clock, withDeadline } from '@frameworks/std';
import { summarizeError } from './describe-error.ts';
import { ServiceError } from './errors.ts';
import type { HealthReport } from './health.ts';
import type { Logger } from './log.ts';

/** A running part of the system. Nothing starts in a constructor. */
export interface Service {
  /** Resolves when ready to serve. After a failure `stop` is still called and releases what was already built. */
  start(): Promise<void>;
  /** Not ready → stop accepting → drain → stop loops → close. Idempotent; waits for a stop already under way. */
  stop(): Promise<void>;
  health(): Promise<HealthReport>;
  /** Where it listens, by purpose (`{ grpc: '127.0.0.1:18011' }`), once started. For the ready line and `fleet.json`. */
  addresses?(): Readonly<Record<string, string>>;
}

/** Stopping happens in this order; within a phase the newest step goes first. */
export const stopPhases = ['accept', 'drain', 'loops', 'close'] as const;

export type StopPhase = (typeof stopPhases)[number];

/** What went wrong while stopping. Empty: a clean stop. */
export interface StopFailure {
  readonly phase: StopPhase;
  readonly step: string;
  readonly error: unknown;
}

interface Step {
  readonly phase: StopPhase;
  readonly name: string;
  readonly run: (signal: AbortSignal) => Promise<void> | void;
}

export interface LifecycleOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Longest stop in total, milliseconds. */
  readonly stopTimeoutMs: number;
}

/**
 * Kept for closing stores whatever came before: a drain that hangs may use up the rest, not this. Writes that are not
 * flushed are lost for good, a viewer that is cut off reconnects.
 */
const closeShare = 0.25;

/** The reason of `Lifecycle.signal`. */
function stopping(): ServiceError {
  return new ServiceError('CANCELLED', 'STOPPING', { message: 'the service is stopping' });
}

/** What has been built and must be undone. Steps are added while starting and run once, in reverse, when stopping. */
export class Lifecycle {
  readonly #options: LifecycleOptions;
  readonly #steps: Step[] = [];
  readonly #running = new AbortController();
  #stopping: Promise<readonly StopFailure[]> | undefined;

  constructor(options: LifecycleOptions) {
    this.#options = options;
  }

  /** Aborts when stopping begins. For work that should not be begun any more; loops end by their own step. */
  get signal(): AbortSignal {
    return this.#running.signal;
  }

  /** Aborts `signal` without stopping yet, so that a start under way gives up first. */
  cancel(): void {
    this.#running.abort(stopping());
  }

  /**
   * Remembers to undo something. `run` gets a signal that aborts when its time is over; it is then no longer waited for.
   * Added after the stop has begun, it runs at once: whoever built it lost the race.
   */
  onStop(phase: StopPhase, name: string, run: Step['run']): void {
    const step: Step = { phase, name, run };
    this.#steps.push(step);
    if (this.#stopping === undefined) return;
    this.#stopping = Promise.all([this.#stopping, this.#runLate(step)]).then((parts) => parts.flat());
  }

  /** Runs all steps, each even if others fail. Never rejects; a second call gives the same answer. */
  stop(): Promise<readonly StopFailure[]> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<readonly StopFailure[]> {
    const { clock, stopTimeoutMs } = this.#options;
    this.cancel();
    const endMs = clock.monotonic() + stopTimeoutMs;
    const failures: StopFailure[] = [];
    for (const phase of stopPhases) {
      const phaseEndMs = phase === 'close' ? endMs : endMs - stopTimeoutMs * closeShare;
      for (const step of this.#steps.filter((candidate) => candidate.phase === phase).reverse()) {
        failures.push(...(await this.#run(step, phaseEndMs - clock.monotonic())));
      }
    }
    return failures;
  }

  #runLate(step: Step): Promise<readonly StopFailure[]> {
    return this.#run(step, this.#options.stopTimeoutMs);
  }

  async #run(step: Step, remainingMs: number): Promise<readonly StopFailure[]> {
    const { clock, log } = this.#options;
    const { phase, name: what } = step;
    try {
      // Also with no time left every step is begun: what it does synchronously still happens.
      await withDeadline(async (signal) => step.run(signal), Math.max(1, remainingMs), { clock, what });
      return [];
    } catch (error) {
      log.warn({ phase, step: what, reason: summarizeError(error) }, 'a stop step failed');
      return [{ phase, step: what, error }];
    }
  }
}
