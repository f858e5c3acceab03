import { assert } from './assert.ts';
import { Fifo } from './fifo.ts';

/**
 * What a full mailbox does, declared where it is made:
 * - `refuse`: the newcomer is turned away; the sender must cope.
 * - `drop-oldest`: the newcomer replaces the oldest; for state where only the latest matters.
 * - `drop-lowest`: the oldest of the lowest priority makes room; a newcomer below everything inside is refused.
 */
export type Overflow<T> =
  | { readonly kind: 'refuse' }
  | { readonly kind: 'drop-oldest' }
  | { readonly kind: 'drop-lowest'; priority(item: T): number };

export interface MailboxOptions<T> {
  /** Most items inside at a time, ≥ 1. */
  readonly capacity: number;
  readonly overflow: Overflow<T>;
  /** Told of every item that was accepted and is lost. Must not throw. */
  readonly onDrop?: (item: T) => void;
}

/** Totals since the mailbox was made. `accepted = taken + dropped + depth` always holds. */
export interface MailboxCounters {
  readonly accepted: number;
  readonly refused: number;
  readonly dropped: number;
  readonly taken: number;
  readonly depth: number;
  readonly highWater: number;
}

/** `take` on a mailbox that is closed and empty. */
export class MailboxClosed extends Error {
  override readonly name = 'MailboxClosed';
}

const closed = Symbol('closed');

interface Taker<T> {
  give(item: T): void;
  fail(reason: unknown): void;
}

/** A bounded queue between senders that never wait and receivers that do. Items come out in the order they went in. */
export class Mailbox<T> {
  readonly #options: MailboxOptions<T>;
  readonly #items = new Fifo<T>();
  readonly #takers = new Set<Taker<T>>();
  #closed = false;
  #accepted = 0;
  #refused = 0;
  #dropped = 0;
  #taken = 0;
  #highWater = 0;

  constructor(options: MailboxOptions<T>) {
    assert(Number.isInteger(options.capacity) && options.capacity >= 1, 'mailbox: capacity is an integer ≥ 1');
    this.#options = options;
  }

  /** Puts `item` in. `false`: refused, because the mailbox is closed or full. */
  push(item: T): boolean {
    if (this.#closed || !this.#makeRoom(item)) {
      this.#refused++;
      return false;
    }
    this.#accepted++;
    const [taker] = this.#takers;
    if (taker !== undefined) {
      this.#takers.delete(taker);
      this.#taken++;
      taker.give(item);
      return true;
    }
    this.#items.push(item);
    this.#highWater = Math.max(this.#highWater, this.#items.length);
    return true;
  }

  /** The oldest item, or `undefined` at once when there is none. */
  poll(): T | undefined {
    if (this.#items.length > 0) this.#taken++;
    return this.#items.shift();
  }

  /** The oldest item, waiting for one if need be. Rejects with `signal.reason`, or with `MailboxClosed`. */
  take(signal?: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      if (this.#items.length > 0) {
        this.#taken++;
        // `as`: the length says that there is one, and T itself may include undefined.
        return resolve(this.#items.shift() as T);
      }
      if (this.#closed) return reject(new MailboxClosed('the mailbox is closed'));
      const release = (): void => signal?.removeEventListener('abort', onAbort);
      const taker: Taker<T> = {
        give: (item) => {
          release();
          resolve(item);
        },
        fail: (reason) => {
          release();
          this.#takers.delete(taker);
          reject(reason);
        },
      };
      const onAbort = (): void => taker.fail(signal?.reason);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#takers.add(taker);
    });
  }

  /** No more `push`; what is inside can still be taken. Those who wait in vain get `MailboxClosed`. */
  close(): void {
    this.#closed = true;
    for (const taker of this.#takers) taker.fail(new MailboxClosed('the mailbox is closed'));
  }

  /** Takes until the mailbox is closed and empty. Throws `signal.reason` on abort. */
  async *drain(signal?: AbortSignal): AsyncGenerator<T, void, undefined> {
    for (;;) {
      const next = await this.#takeOrClosed(signal);
      if (next === closed) return;
      yield next;
    }
  }

  async #takeOrClosed(signal: AbortSignal | undefined): Promise<T | typeof closed> {
    try {
      return await this.take(signal);
    } catch (error) {
      if (error instanceof MailboxClosed) return closed;
      throw error;
    }
  }

  get counters(): MailboxCounters {
    return {
      accepted: this.#accepted,
      refused: this.#refused,
      dropped: this.#dropped,
      taken: this.#taken,
      depth: this.#items.length,
      highWater: this.#highWater,
    };
  }

  #makeRoom(newcomer: T): boolean {
    const { capacity, overflow } = this.#options;
    if (this.#items.length < capacity) return true;
    if (overflow.kind === 'refuse') return false;
    if (overflow.kind === 'drop-oldest') return this.#drop(0);
    const lowest = this.#lowest(overflow.priority);
    if (overflow.priority(newcomer) < lowest.priority) return false;
    return this.#drop(lowest.index);
  }

  /** A scan, because it runs only when the mailbox is full and a mailbox that is often full is too small. */
  #lowest(priorityOf: (item: T) => number): { index: number; priority: number } {
    let lowest = { index: 0, priority: Number.POSITIVE_INFINITY };
    for (let index = 0; index < this.#items.length; index++) {
      // `as`: index is inside, and T itself may include undefined.
      const priority = priorityOf(this.#items.at(index) as T);
      if (priority < lowest.priority) lowest = { index, priority };
    }
    return lowest;
  }

  #drop(index: number): true {
    // `as`: only called on a full mailbox with an index inside.
    const item = this.#items.removeAt(index) as T;
    this.#dropped++;
    this.#options.onDrop?.(item);
    return true;
  }
}
