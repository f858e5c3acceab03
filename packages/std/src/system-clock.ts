import { assert } from './assert.ts';
import type { Clock } from './clock.ts';

/** `setTimeout` takes a signed 32-bit delay and fires at once beyond it, so longer sleeps are cut into pieces. */
const longestTimerMs = 2 ** 31 - 1;

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep,
};

/** `systemClock.sleep`, for code that has no clock of its own. Milliseconds. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  assert(!Number.isNaN(ms), 'sleep: NaN is not a duration');
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const dueMs = performance.now() + ms;
    let timer = arm();
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', onAbort, { once: true });

    function arm(): ReturnType<typeof setTimeout> {
      return setTimeout(fire, Math.max(0, Math.min(dueMs - performance.now(), longestTimerMs)));
    }
    function fire(): void {
      // Timers may fire a fraction of a millisecond early; less than one is not worth another round.
      if (dueMs - performance.now() >= 1) {
        timer = arm();
        return;
      }
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }
  });
}
