import { childController, isAbort } from '@frameworks/std/abort';
import { backoff } from '@frameworks/std/backoff';
import type { Clock } from '@frameworks/std/clock';
import type { KvKey, KvLog } from './kv.ts';
import type { LeaderState, Timing } from './leader-state.ts';
import * as state from './leader-state.ts';
import type { KvLeases } from './lease.ts';

export interface LeaderElectionOptions {
  /** Any open `Kv` will do. */
  kv: KvLeases;
  /** `kv.key('leader', 'federation')`. */
  key: KvKey;
  /** This contender, unique among them: the instance id. */
  owner: string;
  /** Time to live of the lease, milliseconds; renewed every fifth of it. */
  ttlMs: number;
  clock: Clock;
  log?: KvLog;
}

/** What the leader does while it leads. */
export interface Leadership {
  /** To be passed along with every act, see `lease.ts`. */
  fence: number;
  /** Aborts when the leadership ends, at the latest just before the lease can have expired. */
  signal: AbortSignal;
}

type Listener = (state: LeaderState) => void;

/**
 * One contender for a lease. `start` it, then either ask `leadership()` before each act, or hear of changes by `subscribe`.
 *
 * At most one contender leads at any time, as far as clocks can tell: a leader counts its time from when it *sent* its last
 * successful renewal, by its own monotonic clock, and stops a tenth of the lease early. A process that was paused finds out
 * when it asks; between asking and acting, only the fence protects. While the kv is away the leader leads to the end of its
 * lease and nobody follows it. A leader that finds a kv which may have forgotten a predecessor waits one lease first.
 */
export class LeaderElection {
  readonly #options: LeaderElectionOptions;
  readonly #timing: Timing;
  readonly #stopping = new AbortController();
  readonly #listeners = new Set<Listener>();
  #state: LeaderState = state.initialState;
  #reign = new AbortController();
  #running: Promise<void> | undefined;
  #failures = 0;

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
    this.#timing = state.timingOf(options.ttlMs);
  }

  /** As of now: a leader whose time has run out is shown as a follower even before its timer has fired. */
  get state(): LeaderState {
    const now = this.#options.clock.monotonic();
    if ('until' in this.#state && now >= this.#state.until) return state.lost(this.#state);
    return this.#state;
  }

  /** The leadership at this moment, or `undefined`. Ask before each act; do not keep it. */
  leadership(): Leadership | undefined {
    if (!state.isActing(this.#state, this.#options.clock.monotonic())) return undefined;
    return { fence: this.#state.fence, signal: this.#reign.signal };
  }

  /** Begins to contend. Returns at once; the election goes on until `stop`. */
  start(): void {
    this.#running ??= this.#run(this.#stopping.signal);
  }

  /** Stops acting at once, then releases the lease so that another takes over without waiting. Idempotent; resolves when done, whether or not the kv was reachable. */
  async stop(): Promise<void> {
    const held = 'fence' in this.#state ? this.#state.fence : undefined;
    if (this.#state.kind !== 'stopped') this.#become(state.stopped(this.#state));
    this.#stopping.abort();
    await this.#running;
    if (held !== undefined) await this.#release(held);
  }

  /** Calls `listener` after each change, until disposed. Listeners must not throw. */
  subscribe(listener: Listener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** The current state and every later one; a slow reader gets only the newest. Ends after `stopped` or the abort. */
  async *changes(signal: AbortSignal): AsyncGenerator<LeaderState, void> {
    let changed = Promise.withResolvers<void>();
    using _subscription = this.subscribe(() => changed.resolve());
    const end = (): void => changed.resolve();
    signal.addEventListener('abort', end, { once: true });
    while (!signal.aborted) {
      changed = Promise.withResolvers<void>();
      const current = this.#state;
      yield current;
      if (current.kind === 'stopped') break;
      if (current === this.#state && !signal.aborted) await changed.promise;
    }
    signal.removeEventListener('abort', end);
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this.#state.kind === 'follower') await this.#campaign(signal);
        else await this.#hold(signal);
        this.#failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        this.#noteFailure(error);
        await this.#pause(this.#retryDelayMs(), signal);
      }
    }
  }

  /** One attempt; if somebody else leads, the wait until that may have ended. */
  async #campaign(signal: AbortSignal): Promise<void> {
    const { kv, key, owner, ttlMs, clock } = this.#options;
    const highestSeenFence = 'highestFence' in this.#state ? this.#state.highestFence : 0;
    const sentAt = clock.monotonic();
    const answer = await kv.acquireLease(key, { owner, ttlMs, highestSeenFence });
    if (!answer.acquired) {
      if (signal.aborted) return;
      this.#state = state.refused(this.#state, answer.highestFence);
      await kv.waitUntilFree(key, signal);
      return;
    }
    // Stopped while asking: what was granted must not be left behind.
    if (signal.aborted) return await this.#release(answer.fence);
    this.#become(state.acquired(this.#state, { ...answer, sentAt }, this.#timing));
  }

  /** One renewal period of holding the lease: wait, step up or down when the time has come, renew. After a failure without the wait. */
  async #hold(signal: AbortSignal): Promise<void> {
    if (this.#failures === 0) await this.#pause(this.#timing.ttlMs / 5, signal);
    if (signal.aborted || this.#stepByTime()) return;
    await this.#renew(signal);
    if (!signal.aborted) this.#stepByTime();
  }

  /** A renewal that gives up when the lease's time does: an answer after that is worth nothing. */
  async #renew(signal: AbortSignal): Promise<void> {
    const { kv, key, owner, ttlMs, clock } = this.#options;
    const held = this.#state;
    if (!('fence' in held)) return;
    const sentAt = clock.monotonic();
    using wait = childController(signal);
    const timeUp = clock.sleep(held.until - sentAt, wait.signal).then(() => 'time-up' as const);
    const renewal = kv.renewLease(key, { owner, fence: held.fence, ttlMs });
    // Whichever loses the race fails unheard.
    for (const loser of [timeUp, renewal]) loser.catch(() => {});
    try {
      const answer = await Promise.race([renewal, timeUp]);
      if (signal.aborted || answer === 'time-up') return;
      this.#become(answer ? state.renewed(held, sentAt, this.#timing) : state.lost(held));
    } finally {
      wait.abort();
    }
  }

  /** Does what the clock alone decides. Returns whether the lease was given up. */
  #stepByTime(): boolean {
    const now = this.#options.clock.monotonic();
    if ('until' in this.#state && now >= this.#state.until) {
      this.#become(state.lost(this.#state));
      return true;
    }
    if (this.#state.kind === 'settling' && now >= this.#state.actsFrom) this.#become(state.settled(this.#state, now));
    return false;
  }

  /** Sleeps, but not past a moment at which the clock decides something. */
  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    const now = this.#options.clock.monotonic();
    const held = this.#state;
    const turns = [now + ms];
    if ('until' in held) turns.push(held.until);
    if ('actsFrom' in held) turns.push(held.actsFrom);
    try {
      await this.#options.clock.sleep(Math.max(0, Math.min(...turns) - now), signal);
    } catch (error) {
      if (!isAbort(error, signal)) throw error;
    }
    if (!signal.aborted) this.#stepByTime();
  }

  #become(next: LeaderState): void {
    const before = this.#state;
    this.#state = next;
    if (next.kind === before.kind) return;
    if (before.kind === 'leader') this.#reign.abort();
    if (next.kind === 'leader') this.#reign = new AbortController();
    const { log, key, owner } = this.#options;
    const fence = 'fence' in next ? next.fence : next.highestFence;
    log?.info({ event: 'leader_state', key, owner, from: before.kind, to: next.kind, fence }, `leader: ${next.kind}`);
    for (const listener of this.#listeners) listener(next);
  }

  async #release(fence: number): Promise<void> {
    const { kv, key, owner } = this.#options;
    try {
      await kv.releaseLease(key, { owner, fence });
    } catch (error) {
      // Then it expires by itself, which is what leases are for.
      this.#noteFailure(error);
    }
  }

  /** A holder retries within its lease; a follower soon enough to take over in time, but not in step with the others. */
  #retryDelayMs(): number {
    const maxMs = Math.min(this.#timing.ttlMs / 10, 500);
    return backoff(this.#failures, { baseMs: maxMs / 4, maxMs }) + 1;
  }

  #noteFailure(error: unknown): void {
    this.#failures += 1;
    // Once per outage; the connection logs its own.
    if (this.#failures > 1) return;
    const { log, key, owner } = this.#options;
    log?.warn({ event: 'leader_kv_failed', key, owner, err: error }, 'leader: the kv did not answer');
  }
}
