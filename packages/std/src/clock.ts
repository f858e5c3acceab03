/**
 * Time as a dependency. Everything that waits or stamps takes a `Clock`, so a test can own time.
 * All values are milliseconds.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch, UTC. May jump when the machine's clock is set. */
  now(): number;
  /** Milliseconds from an arbitrary start, never going back. For durations and deadlines. */
  monotonic(): number;
  /**
   * Resolves after `ms`; rejects with `signal.reason` as soon as `signal` aborts. Never keeps the process alive after the abort.
   * `Infinity` waits for the abort; zero and negative values yield to the event loop once.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
