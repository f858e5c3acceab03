import { abortable, type ChildController, childController } from './abort.ts';
import type { Clock } from './clock.ts';

/** Something took longer than it may. */
export class DeadlineExceeded extends Error {
  override readonly name = 'DeadlineExceeded';
  readonly timeoutMs: number;

  constructor(what: string, timeoutMs: number) {
    super(`${what} took longer than ${timeoutMs} ms`);
    this.timeoutMs = timeoutMs;
  }
}

export interface DeadlineOptions {
  readonly clock: Clock;
  /** Aborts the work early; the result then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Named in the error. Default "operation". */
  readonly what?: string;
}

/**
 * A signal that aborts with `DeadlineExceeded` after `ms`, or earlier with `options.signal`. Dispose it when the work is
 * done, or its timer keeps running: `using limit = deadline(5_000, { clock });`.
 */
export function deadline(ms: number, { clock, signal, what = 'operation' }: DeadlineOptions): ChildController {
  const timer = new AbortController();
  const child = childController(signal);
  // The sleep fails only by our own abort below.
  clock.sleep(ms, timer.signal).then(
    () => child.abort(new DeadlineExceeded(what, ms)),
    () => {},
  );
  // A caller's abort must stop the timer too, or an idle process lives on until the deadline.
  child.signal.addEventListener('abort', () => timer.abort(), { once: true });
  return {
    signal: child.signal,
    abort: child.abort,
    [Symbol.dispose]: () => {
      timer.abort();
      child[Symbol.dispose]();
    },
  };
}

/**
 * The result of `work`, or a rejection with `DeadlineExceeded` after `ms`, or with the reason of `options.signal`. A function
 * gets a signal that aborts in both cases and must obey it; a bare promise is merely no longer waited for.
 */
export async function withDeadline<T>(
  work: Promise<T> | ((signal: AbortSignal) => Promise<T>),
  ms: number,
  options: DeadlineOptions,
): Promise<T> {
  using limit = deadline(ms, options);
  if (typeof work !== 'function') return await abortable(work, limit.signal);
  limit.signal.throwIfAborted();
  return await abortable(work(limit.signal), limit.signal);
}
