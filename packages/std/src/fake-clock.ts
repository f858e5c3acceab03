import { assert } from './assert.ts';
import type { Clock } from './clock.ts';

interface Sleeper {
  readonly dueMs: number;
  readonly wake: () => void;
}

interface Watcher {
  readonly count: number;
  readonly resolve: () => void;
}

/** More wake-ups than this in one `advance` means that something sleeps in a circle without progress. */
const maxWakes = 100_000;

/**
 * A clock that stands still until the test moves it. `advance` wakes sleepers one at a time in order of their due time
 * (first come, first woken among equals) and lets each run until it waits again, so a loop that sleeps 10 ms runs ten
 * times in `advance(100)`, always in the same order.
 */
export class FakeClock implements Clock {
  #nowMs: number;
  #monotonicMs = 0;
  readonly #sleepers = new Set<Sleeper>();
  readonly #watchers = new Set<Watcher>();

  /** @param nowMs wall-clock start, Unix milliseconds. */
  constructor(nowMs = Date.UTC(2030, 0, 1)) {
    this.#nowMs = nowMs;
  }

  /** Whole milliseconds, as the machine's clock gives them, even in the middle of a jittered sleep. */
  now(): number {
    return Math.floor(this.#nowMs);
  }

  monotonic(): number {
    return this.#monotonicMs;
  }

  /** How many are asleep now. */
  get sleepers(): number {
    return this.#sleepers.size;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    assert(!Number.isNaN(ms), 'sleep: NaN is not a duration');
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      if (ms <= 0) return void setImmediate(resolve);
      const onAbort = (): void => {
        this.#sleepers.delete(sleeper);
        reject(signal?.reason);
      };
      const wake = (): void => {
        this.#sleepers.delete(sleeper);
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
      const sleeper: Sleeper = { dueMs: this.#monotonicMs + ms, wake };
      this.#sleepers.add(sleeper);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#tellWatchers();
    });
  }

  /** Moves time forward by `ms`, waking everyone due on the way, those who fall asleep again meanwhile included. */
  async advance(ms: number): Promise<void> {
    assert(ms >= 0 && Number.isFinite(ms), 'advance: time goes forward by a finite amount');
    const untilMs = this.#monotonicMs + ms;
    await settled();
    for (let wakes = 0; ; wakes++) {
      assert(wakes < maxWakes, `advance: ${maxWakes} wake-ups without an end`);
      const next = this.#nextDue(untilMs);
      if (next === undefined) break;
      this.#moveTo(next.dueMs);
      next.wake();
      await settled();
    }
    this.#moveTo(untilMs);
  }

  /** Sets the wall clock, as an administrator or NTP would: durations and sleepers do not notice. */
  setNow(nowMs: number): void {
    this.#nowMs = nowMs;
  }

  /** Resolves as soon as at least `count` are asleep: the moment to call `advance` when real I/O comes before the sleep. */
  whenSleeping(count = 1): Promise<void> {
    return new Promise((resolve) => {
      this.#watchers.add({ count, resolve });
      this.#tellWatchers();
    });
  }

  #nextDue(untilMs: number): Sleeper | undefined {
    let next: Sleeper | undefined;
    // A set iterates in order of insertion and the comparison is strict: among equals the first come is woken first.
    for (const sleeper of this.#sleepers) {
      if (sleeper.dueMs > untilMs) continue;
      if (next === undefined || sleeper.dueMs < next.dueMs) next = sleeper;
    }
    return next;
  }

  #moveTo(monotonicMs: number): void {
    this.#nowMs += monotonicMs - this.#monotonicMs;
    this.#monotonicMs = monotonicMs;
  }

  #tellWatchers(): void {
    for (const watcher of this.#watchers) {
      if (this.#sleepers.size < watcher.count) continue;
      this.#watchers.delete(watcher);
      watcher.resolve();
    }
  }
}

/** One turn of the event loop: every promise chain that can go on without I/O or time has done so. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
