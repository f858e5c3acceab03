import { ServiceError, toServiceError } from '@frameworks/kit/errors';
import type { Clock } from '@frameworks/std';

/** Sustained rate and size of a burst of refused attempts. */
export interface AttemptLimitOptions {
  readonly perSecond: number;
  readonly burst: number;
  readonly clock: Clock;
}

/** Answers that are the caller's doing: a wrong token, one that is not for its key, a CSR that is none. */
const callerFaults = new Set(['UNAUTHENTICATED', 'FAILED_PRECONDITION', 'INVALID_ARGUMENT']);

/** Asking again sooner than this helps nobody. */
const leastRetryAfterMs = 100;

/**
 * Bounds what strangers may get wrong, all together: each wrong join token costs a search of the database and a look at the seed
 * file. Only failures are paid for; good joins, and failures of our own, cost nothing, so any number of instances may join at
 * once. While somebody guesses without pause, a good join may need several tries; renewals do not pass through here.
 */
export class AttemptLimit {
  readonly #options: AttemptLimitOptions;
  #left: number;
  #refilledAtMs: number;

  constructor(options: AttemptLimitOptions) {
    this.#options = options;
    this.#left = options.burst;
    this.#refilledAtMs = options.clock.monotonic();
  }

  /** Throws RESOURCE_EXHAUSTED `TOO_MANY_ATTEMPTS`, before `work` begins, when too many have failed. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    this.#take();
    try {
      const result = await work();
      this.#put(1);
      return result;
    } catch (error) {
      if (!callerFaults.has(toServiceError(error).code)) this.#put(1);
      throw error;
    }
  }

  /** Taken beforehand, so that many at once cannot get past. */
  #take(): void {
    const { perSecond, clock } = this.#options;
    const nowMs = clock.monotonic();
    this.#put(((nowMs - this.#refilledAtMs) / 1_000) * perSecond);
    this.#refilledAtMs = nowMs;
    if (this.#left < 1) throw tooMany(((1 - this.#left) / perSecond) * 1_000);
    this.#left--;
  }

  #put(count: number): void {
    this.#left = Math.min(this.#options.burst, this.#left + count);
  }
}

function tooMany(waitMs: number): ServiceError {
  return new ServiceError('RESOURCE_EXHAUSTED', 'TOO_MANY_ATTEMPTS', {
    message: 'too many attempts to join have failed; try again',
    retryable: true,
    retryAfterMs: Math.max(leastRetryAfterMs, Math.ceil(waitMs)),
  });
}
