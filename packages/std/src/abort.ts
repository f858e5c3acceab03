/** Resolves when `signal` aborts; at once if it already has. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/**
 * `promise`, or a rejection with `signal.reason` as soon as `signal` aborts. The work behind the promise goes on; its late
 * failure is swallowed, because nobody waits for it any more.
 */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** A controller that aborts with its parents and can be aborted on its own. Dispose it so that long-lived parents let go of it. */
export interface ChildController extends Disposable {
  readonly signal: AbortSignal;
  abort(reason?: unknown): void;
}

/** A controller below any number of parents. `AbortSignal.any` has no way to abort by itself nor to let go early; this has both. */
export function childController(...parents: readonly (AbortSignal | undefined)[]): ChildController {
  const controller = new AbortController();
  const releases: (() => void)[] = [];
  const release = (): void => {
    for (const undo of releases.splice(0)) undo();
  };
  const abort = (reason?: unknown): void => {
    release();
    controller.abort(reason);
  };
  for (const parent of parents) {
    if (parent === undefined) continue;
    if (parent.aborted) {
      abort(parent.reason);
      break;
    }
    const onAbort = (): void => abort(parent.reason);
    parent.addEventListener('abort', onAbort, { once: true });
    releases.push(() => parent.removeEventListener('abort', onAbort));
  }
  return { signal: controller.signal, abort, [Symbol.dispose]: release };
}

/** Did this failure come from an abort: the signal's own reason, or a platform `AbortError`? */
export function isAbort(error: unknown, signal?: AbortSignal): boolean {
  if (signal?.aborted && error === signal.reason) return true;
  return error instanceof Error && error.name === 'AbortError';
}
