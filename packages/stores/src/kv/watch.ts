import { childController } from '@frameworks/std/abort';
import type { Clock } from '@frameworks/std/clock';

/** Calls of `listener` after a notice for that name; disposing ends them. */
export type Listen = (name: string, listener: () => void) => Disposable;

/** Who wants to hear about which name. Adapters put their notices in; `watch` takes them out. */
export class Notices {
  readonly #listeners = new Map<string, Set<() => void>>();

  notify(name: string): void {
    for (const listener of this.#listeners.get(name) ?? []) listener();
  }

  notifyAll(): void {
    for (const name of this.#listeners.keys()) this.notify(name);
  }

  readonly listen: Listen = (name, listener) => {
    const known = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, known.add(listener));
    return {
      [Symbol.dispose]: () => {
        known.delete(listener);
        if (known.size === 0 && this.#listeners.get(name) === known) this.#listeners.delete(name);
      },
    };
  };

  /** Names that somebody listens to. */
  names(): string[] {
    return [...this.#listeners.keys()];
  }
}

/** What one look found: the answer, or how long until looking again is worth it without a notice. */
export type Look<T> = { found: T } | { againInMs: number };

export interface Watch<T> {
  name: string;
  look: () => Promise<Look<T>>;
  listen: Listen;
  clock: Clock;
  signal: AbortSignal;
}

/** Looks now, after every notice and after every `againInMs`, until a look finds something. Rejects with `signal.reason`. */
export async function watch<T>({ name, look, listen, clock, signal }: Watch<T>): Promise<T> {
  signal.throwIfAborted();
  // Most looks find something at once; they need no subscription.
  const first = await look();
  if ('found' in first) return first.found;
  let notice = Promise.withResolvers<void>();
  using _listening = listen(name, () => notice.resolve());
  for (;;) {
    signal.throwIfAborted();
    // Armed before the look: a notice that arrives while looking must not be lost.
    notice = Promise.withResolvers<void>();
    const seen = await look();
    if ('found' in seen) return seen.found;
    using wait = childController(signal);
    const slept = clock.sleep(seen.againInMs, wait.signal);
    try {
      await Promise.race([notice.promise, slept]);
    } finally {
      wait.abort();
      // After the race nobody else looks at the sleep that was just aborted.
      slept.catch(() => {});
    }
  }
}
