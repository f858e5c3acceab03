import { assert } from './assert.ts';
import type { Clock } from './clock.ts';

/** How long to wait between attempts. Milliseconds. */
export interface BackoffPolicy {
  /** Upper bound of the first wait. */
  readonly baseMs: number;
  /** Upper bound of every wait. */
  readonly maxMs: number;
  /** Growth of the upper bound per attempt. Default 2. */
  readonly factor?: number;
}

/**
 * The wait before retry `attempt` (0 = the first retry): uniform between 0 and min(maxMs, baseMs · factor^attempt).
 * Full jitter spreads a crowd that failed together over the whole interval; it costs less total work than equal or
 * decorrelated jitter (M. Brooker, "Exponential Backoff And Jitter", 2015).
 *
 * @param random a number in [0, 1); pass a seeded one in tests.
 */
export function backoff(attempt: number, policy: BackoffPolicy, random: () => number = Math.random): number {
  assert(attempt >= 0, 'backoff: attempts count from 0');
  return random() * backoffCeiling(attempt, policy);
}

/** The longest wait `backoff` can give for this attempt. Never above `maxMs`, however large the attempt. */
export function backoffCeiling(attempt: number, { baseMs, maxMs, factor = 2 }: BackoffPolicy): number {
  // A zero base times an overflowed power would be NaN.
  return baseMs === 0 ? 0 : Math.min(maxMs, baseMs * factor ** attempt);
}

export interface RetryOptions {
  readonly policy: BackoffPolicy;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  /** How often to try in total. Default: until `signal` aborts. */
  readonly attempts?: number;
  /** Is this failure worth another attempt? Default: every one. */
  readonly retryable?: (error: unknown) => boolean;
  /** Told before each wait. */
  readonly onRetry?: (error: unknown, attempt: number, waitMs: number) => void;
  readonly random?: () => number;
}

/** Runs `work` until it succeeds, waiting by `policy` in between. Throws the last failure, or the reason of the abort. */
export async function retry<T>(work: (attempt: number) => Promise<T>, options: RetryOptions): Promise<T> {
  const { policy, clock, signal, attempts = Number.POSITIVE_INFINITY, retryable = () => true } = options;
  for (let attempt = 0; ; attempt++) {
    signal?.throwIfAborted();
    try {
      return await work(attempt);
    } catch (error) {
      if (attempt + 1 >= attempts || !retryable(error)) throw error;
      const waitMs = backoff(attempt, policy, options.random);
      options.onRetry?.(error, attempt, waitMs);
      await clock.sleep(waitMs, signal);
    }
  }
}
