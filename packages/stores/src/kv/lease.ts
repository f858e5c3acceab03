import type { KvKey } from './key.ts';

/**
 * Leases: at most one owner at a time, for at most `ttlMs` after the last renewal.
 *
 * The key of a lease holds the owner's name and nothing else, so that an operator can read it. Beside it lives a
 * **fence**, a number that rises with every acquisition and outlives the lease. Whoever acts on a lease passes its fence
 * along, and whoever receives the act refuses a fence lower than the highest seen: that is what protects against an owner
 * that was paused between checking its lease and acting.
 *
 * A store can lose data (a crash between two fsyncs, a failover, a flush). Two provisions for that:
 *   - the next fence is max(stored, `highestSeenFence`) + 1, and telling a higher one also ends the reign of a lease with
 *     a lower fence: its next renewal is refused;
 *   - an acquisition says `mayHaveForgotten` when the store cannot rule out that it granted the lease before and lost the
 *     record. The new owner must then wait one `ttlMs` before it acts, because the forgotten owner may still be acting.
 *
 * A fence is kept for `limits.fenceKeptMs` (30 days) after the last grant or renewal, then it counts as lost. A receiver that
 * remembers fences for longer tells the highest one as `highestSeenFence`.
 *
 * Nobody reenters: acquiring a lease one already holds is refused like any other held lease.
 */
export interface KvLeases {
  acquireLease(key: KvKey, request: LeaseRequest): Promise<LeaseAnswer>;
  /** Starts the time to live anew. `false`: the lease is no longer this owner's with this fence, and never will be again. */
  renewLease(key: KvKey, renewal: LeaseHold & { ttlMs: number }): Promise<boolean>;
  /** Gives the lease up and wakes who waits for it. `false`: it was not this owner's any more; nothing happened. */
  releaseLease(key: KvKey, hold: LeaseHold): Promise<boolean>;
  readLease(key: KvKey): Promise<LeaseView>;
  /** Resolves within 1 s of the lease's release or expiry (a release usually within milliseconds); at once if it is free. Rejects with `signal.reason`. */
  waitUntilFree(key: KvKey, signal: AbortSignal): Promise<void>;
}

export interface LeaseRequest {
  /** Who asks: 1 to 256 bytes of printable text. */
  owner: string;
  ttlMs: number;
  /** The highest fence of this lease the caller has ever seen. Default 0. */
  highestSeenFence?: number;
}

export interface LeaseHold {
  owner: string;
  fence: number;
}

export type LeaseAnswer =
  | { acquired: true; fence: number; mayHaveForgotten: boolean }
  | { acquired: false; owner: string; highestFence: number; remainingMs: number };

export interface LeaseView {
  /** `undefined` when the lease is free. */
  owner: string | undefined;
  /** The highest fence the store knows for this lease; 0 if it knows none. */
  highestFence: number;
  /** Milliseconds until the lease expires; 0 when it is free. */
  remainingMs: number;
}
