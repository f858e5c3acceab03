import {
  assert,
  type BackoffPolicy,
  backoff,
  type Clock,
  childController,
  isAbort,
  withDeadline,
} from '@frameworks/std';
import { summarizeError } from './describe-error.ts';
import type { Logger } from './log.ts';

export interface LoopOptions {
  readonly name: string;
  /** Pause between the end of a run and the start of the next, milliseconds. */
  readonly everyMs: number;
  /** Share of the pause that is random, 0…1: 0.2 waits 80…100 % of it. Keeps instances from acting in step. Default 0.1. */
  readonly jitter?: number;
  /** One turn. Must obey the signal. What it throws is logged and counted; the loop goes on. */
  run(signal: AbortSignal): Promise<unknown>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Ends the loop, and the turn under way. */
  readonly signal: AbortSignal;
  /** Pauses after failures in a row. Default: `everyMs`, because the next tick is the retry. */
  readonly retry?: BackoffPolicy;
  /** Longest turn, milliseconds; its signal aborts then. Default: none. */
  readonly timeoutMs?: number;
  /** Wait `everyMs` before the first turn, too. Default: run at once. */
  readonly delayed?: boolean;
  readonly random?: () => number;
}

/** Where a loop stands, as data. Times are Unix milliseconds. */
export interface LoopStatus {
  readonly name: string;
  readonly runs: number;
  readonly failures: number;
  readonly failuresInARow: number;
  readonly lastStartedAt: number | undefined;
  readonly lastTookMs: number | undefined;
  readonly lastError: string | undefined;
}

export interface Loop {
  /** Run again now, or right after the turn under way; several nudges before that turn starts are one. */
  nudge(): void;
  /** Ends the loop; resolves when the turn under way has ended. */
  stop(): Promise<void>;
  /** Resolves when the loop has ended. Never rejects. */
  readonly done: Promise<void>;
  status(): LoopStatus;
}

/** Runs something again and again until told to stop. Every recurring thing of this system is one of these. */
export function runLoop(options: LoopOptions): Loop {
  assert(options.everyMs >= 0, `loop ${options.name}: a pause is not negative`);
  const turns = new Turns(options);
  return {
    nudge: () => turns.nudge(),
    stop: () => turns.stop(),
    done: turns.done,
    status: () => turns.status,
  };
}

class Turns {
  readonly done: Promise<void>;
  status: LoopStatus;
  readonly #options: LoopOptions;
  readonly #ending;
  #nudged = false;
  #wake: (() => void) | undefined;

  constructor(options: LoopOptions) {
    this.#options = options;
    this.#ending = childController(options.signal);
    this.status = {
      name: options.name,
      runs: 0,
      failures: 0,
      failuresInARow: 0,
      lastStartedAt: undefined,
      lastTookMs: undefined,
      lastError: undefined,
    };
    this.done = this.#go();
  }

  nudge(): void {
    this.#nudged = true;
    this.#wake?.();
  }

  stop(): Promise<void> {
    this.#ending.abort();
    return this.done;
  }

  async #go(): Promise<void> {
    const { signal } = this.#ending;
    try {
      // The first turn never comes before the caller has the loop in hand.
      await Promise.resolve();
      if (this.#options.delayed) await this.#pause(this.#options.everyMs);
      while (!signal.aborted) {
        this.#nudged = false;
        await this.#turn();
        await this.#pause(this.#pauseMs());
      }
    } finally {
      this.#ending[Symbol.dispose]();
    }
  }

  async #turn(): Promise<void> {
    const { clock, run, timeoutMs, name } = this.#options;
    const { signal } = this.#ending;
    const lastStartedAt = clock.now();
    const startMs = clock.monotonic();
    let failure: unknown;
    try {
      if (timeoutMs === undefined) await run(signal);
      else await withDeadline((limited) => run(limited), timeoutMs, { clock, signal, what: `loop ${name}` });
    } catch (error) {
      // An abort of ours is the way a turn ends when the loop does, not a failure.
      if (!(signal.aborted && isAbort(error, signal))) failure = error ?? new Error('failed without an error');
    }
    this.#record(lastStartedAt, clock.monotonic() - startMs, failure);
  }

  #record(lastStartedAt: number, lastTookMs: number, failure: unknown): void {
    const failed = failure !== undefined;
    const before = this.status;
    this.status = {
      name: before.name,
      runs: before.runs + 1,
      failures: before.failures + (failed ? 1 : 0),
      failuresInARow: failed ? before.failuresInARow + 1 : 0,
      lastStartedAt,
      lastTookMs,
      lastError: failed ? summarizeError(failure) : undefined,
    };
    if (!failed) return;
    const { log, name } = this.#options;
    log.warn({ loop: name, failuresInARow: this.status.failuresInARow, error: failure }, 'a loop turn failed');
  }

  #pauseMs(): number {
    const { everyMs, jitter = 0.1, retry, random = Math.random } = this.#options;
    const { failuresInARow } = this.status;
    if (failuresInARow > 0 && retry !== undefined) return backoff(failuresInARow - 1, retry, random);
    return everyMs * (1 - jitter * random());
  }

  /** Sleeps until the time is over, a nudge, or the end, whichever is first. */
  async #pause(ms: number): Promise<void> {
    if (this.#nudged) return;
    const nap = childController(this.#ending.signal);
    this.#wake = () => nap.abort();
    // The sleep fails only by being woken.
    await this.#options.clock.sleep(ms, nap.signal).catch(() => {});
    this.#wake = undefined;
    nap[Symbol.dispose]();
  }
}
