import type { Clock } from '@frameworks/std/clock';
import type { LeaderState } from './leader-state.ts';
import * as state from './leader-state.ts';

/** What the leader does while it leads. */
export interface Leadership {
  /** To be passed along with every act, see `lease.ts`. */
  fence: number;
  /** Aborts when the leadership ends, at the latest just before the lease can have expired. */
  signal: AbortSignal;
}

export type LeaderListener = (state: LeaderState) => void;

/** What can be known of a contender at any moment: its state, as judged by the clock, and whoever wants to hear of changes. */
export class LeaderStatus {
  readonly #clock: Clock;
  readonly #listeners = new Set<LeaderListener>();
  #entered: LeaderState = state.initialState;
  #reign = new AbortController();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The state last entered, whatever the clock says meanwhile: the source of the next transition. */
  get entered(): LeaderState {
    return this.#entered;
  }

  /** As of now: who held the lease until its time ran out is a follower even before any timer has fired. */
  get current(): LeaderState {
    const now = this.#clock.monotonic();
    if ('until' in this.#entered && now >= this.#entered.until) return state.lost(this.#entered);
    return this.#entered;
  }

  leadership(): Leadership | undefined {
    if (!state.isActing(this.#entered, this.#clock.monotonic())) return undefined;
    return { fence: this.#entered.fence, signal: this.#reign.signal };
  }

  /** Enters a state, and tells of it if it is of another kind. */
  enter(next: LeaderState): void {
    const before = this.#entered;
    this.#entered = next;
    if (next.kind === before.kind) return;
    if (before.kind === 'leader') this.#reign.abort();
    if (next.kind === 'leader') this.#reign = new AbortController();
    for (const listener of this.#listeners) listener(next);
  }

  /** Calls `listener` after each change of kind, until disposed. */
  subscribe(listener: LeaderListener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** The current state and every later one of another kind; a slow reader gets only the newest. Ends after `stopped` or the abort. */
  async *changes(signal: AbortSignal): AsyncGenerator<LeaderState, void> {
    let changed = Promise.withResolvers<void>();
    using _subscription = this.subscribe(() => changed.resolve());
    const end = (): void => changed.resolve();
    signal.addEventListener('abort', end, { once: true });
    try {
      while (!signal.aborted) {
        changed = Promise.withResolvers<void>();
        const shown = this.#entered;
        yield shown;
        if (shown.kind === 'stopped') return;
        if (shown.kind === this.#entered.kind && !signal.aborted) await changed.promise;
      }
    } finally {
      signal.removeEventListener('abort', end);
    }
  }
}
