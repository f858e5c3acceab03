import { isAbort } from '@frameworks/std/abort';
import { backoff } from '@frameworks/std/backoff';
import type { Clock } from '@frameworks/std/clock';
import type { KvKey, KvLog } from './kv.ts';
import { renewWithin } from './leader-renewal.ts';
import type { LeaderState, Timing } from './leader-state.ts';
import * as state from './leader-state.ts';
import { type LeaderListener, LeaderStatus, type Leadership } from './leader-status.ts';
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
  readonly #status: LeaderStatus;
  #running: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;
  #failures = 0;

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
    this.#timing = state.timingOf(options.ttlMs);
    this.#status = new LeaderStatus(options.clock);
  }

  /** As of now: a leader whose time has run out is shown as a follower even before its timer has fired. */
  get state(): LeaderState {
    return this.#status.current;
  }

  /** The leadership at this moment, or `undefined`. Ask before each act; do not keep it. */
  leadership(): Leadership | undefined {
    return this.#status.leadership();
  }

  /** Begins to contend. Returns at once; the election goes on until `stop`. */
  start(): void {
    this.#running ??= this.#run(this.#stopping.signal);
  }

  /** Stops acting at once, then releases the lease so that another takes over without waiting. Idempotent; resolves when done, whether or not the kv was reachable. */
  stop(): Promise<void> {
    this.#stopped ??= this.#end();
    return this.#stopped;
  }

  /** Calls `listener` after each change of kind, until disposed. Listeners must not throw. */
  subscribe(listener: LeaderListener): Disposable {
    return this.#status.subscribe(listener);
  }

  /** The current state and every later one of another kind; a slow reader gets only the newest. Ends after `stopped` or the abort. */
  changes(signal: AbortSignal): AsyncGenerator<LeaderState, void> {
    return this.#status.changes(signal);
  }

  async #end(): Promise<void> {
    const held = this.#status.entered;
    this.#become(state.stopped(held));
    this.#stopping.abort();
    await this.#running;
    if ('fence' in held) await this.#release(held.fence);
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this.#status.entered.kind === 'follower') await this.#campaign(signal);
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
    const { entered } = this.#status;
    const highestSeenFence = 'highestFence' in entered ? entered.highestFence : 0;
    const sentAt = clock.monotonic();
    const answer = await kv.acquireLease(key, { owner, ttlMs, highestSeenFence });
    if (!answer.acquired) {
      if (signal.aborted) return;
      this.#become(state.refused(this.#status.entered, answer.highestFence));
      await kv.waitUntilFree(key, signal);
      return;
    }
    // Stopped while asking: what was granted must not be left behind.
    if (signal.aborted) return await this.#release(answer.fence);
    this.#become(state.acquired(this.#status.entered, { ...answer, sentAt }, this.#timing));
  }

  /** One renewal period of holding the lease: wait, step up or down when the time has come, renew. After a failure without the wait. */
  async #hold(signal: AbortSignal): Promise<void> {
    if (this.#failures === 0) await this.#pause(this.#timing.ttlMs / 5, signal);
    if (!signal.aborted) this.#stepByTime();
    await this.#renew(signal);
    if (!signal.aborted) this.#stepByTime();
  }

  async #renew(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const held = this.#status.entered;
    if (!('fence' in held)) return;
    const sentAt = clock.monotonic();
    const answer = await renewWithin(this.#options, { fence: held.fence, withinMs: held.until - sentAt, signal });
    if (signal.aborted || answer === 'too-late') return;
    this.#become(answer === 'renewed' ? state.renewed(held, sentAt, this.#timing) : state.lost(held));
  }

  /** Does what the clock alone decides. */
  #stepByTime(): void {
    this.#become(state.atTime(this.#status.entered, this.#options.clock.monotonic()));
  }

  /** Sleeps, but not past a moment at which the clock decides something. */
  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const leftMs = state.nextTurnOf(this.#status.entered) - clock.monotonic();
    try {
      await clock.sleep(Math.max(0, Math.min(ms, leftMs)), signal);
    } catch (error) {
      if (!isAbort(error, signal)) throw error;
    }
    if (!signal.aborted) this.#stepByTime();
  }

  #become(next: LeaderState): void {
    const before = this.#status.entered;
    this.#status.enter(next);
    if (next.kind === before.kind) return;
    const { log, key, owner } = this.#options;
    const fence = 'fence' in next ? next.fence : next.highestFence;
    log?.info({ event: 'leader_state', key, owner, from: before.kind, to: next.kind, fence }, `leader: ${next.kind}`);
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
