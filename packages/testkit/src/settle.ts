import { sleep } from '@frameworks/std';

export interface SettleOptions {
  /** Default 5000. */
  timeoutMs?: number;
  /** What is waited for, for the failure's message: a phrase, or a function that describes the state at the end. */
  describe?: string | (() => string);
}

/**
 * Waits until `condition` gives a truthy value, and returns it. A condition that throws is not met yet; its last error is the
 * cause of the failure when time is up. Asks soon at first, then every 50 ms.
 */
export async function settle<T>(
  condition: () => T | Promise<T>,
  { timeoutMs = 5000, describe = 'the condition' }: SettleOptions = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (let pauseMs = 2; ; pauseMs = Math.min(pauseMs * 2, 50)) {
    let cause: unknown;
    try {
      const value = await condition();
      if (value) return value;
    } catch (error) {
      cause = error;
    }
    if (performance.now() >= deadline) {
      const what = typeof describe === 'string' ? describe : describe();
      throw new Error(`not within ${timeoutMs} ms: ${what}`, { cause });
    }
    await sleep(pauseMs);
  }
}
