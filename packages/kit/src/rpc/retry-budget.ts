/** Repetitions stop while less than half of this is left: about ten failures in a row without a success. */
const capacity = 20;
/** What one success earns: in the long run at most one call in ten is a repetition. */
const earnedPerSuccess = 0.1;

/**
 * Shared by all calls of a channel, so that a server in trouble is not asked four times as often as one that is well. The
 * scheme is gRPC's retry throttling (proposal A6): every failure costs one, every success earns a tenth.
 */
export class RetryBudget {
  #left = capacity;

  succeeded(): void {
    this.#left = Math.min(capacity, this.#left + earnedPerSuccess);
  }

  /** An attempt failed in a way that repetition might help. May it be repeated? */
  failed(): boolean {
    this.#left = Math.max(0, this.#left - 1);
    return this.#left > capacity / 2;
  }
}
