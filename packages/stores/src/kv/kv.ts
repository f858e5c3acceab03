/**
 * The kv seam: a cell's shared, fast, short-lived state. Leases, locks, owners, replications and the changelog that
 * keeps the instances of a cell in step. Durable rows belong in sql.
 *
 * **One cell.** A `Kv` is opened for one cell and touches only keys `{<cell>}:<noun>:<id>`. Keys come from `kv.key()`.
 *
 * **Values** are well-formed Unicode strings of at most `limits.maxValueBytes` bytes of UTF-8; what they mean is the
 * caller's business. A key holds either a value or a hash; using it as the other kind answers FAILED_PRECONDITION
 * `KV_WRONG_TYPE`, except for `set`, `delete`, `setIfAbsent`, `expire` and `ttl`, which do not look inside.
 *
 * **Time to live** is a duration judged by the store's clock, never by the caller's: a key whose time has passed is gone
 * for every operation in the same instant, whether or not anything has swept it. `set` and `compareAndSet` replace the
 * time to live along with the value (none given: the key stays); hash operations leave it alone.
 *
 * **Every call has a deadline** (`callTimeoutMs`). A store that is away answers UNAVAILABLE `KV_UNAVAILABLE` at once and
 * a store that is stuck DEADLINE_EXCEEDED `KV_DEADLINE`; both are retryable. Nothing queues while the store is away. After
 * either error a write may or may not have happened, so retry only what is idempotent or guarded.
 *
 * **Leases** (`lease.ts`) and the **changelog** (`changelog.ts`) are described where they are declared.
 *
 * Mistakes of the caller are INVALID_ARGUMENT (`KV_INVALID_KEY`, `KV_INVALID_VALUE`, `KV_INVALID_TTL`, …); a full store
 * is RESOURCE_EXHAUSTED `KV_FULL`; a closed one FAILED_PRECONDITION `KV_CLOSED`.
 */
import type { Clock } from '@frameworks/std/clock';
import type { Changelog } from './changelog.ts';
import type { KvKey } from './key.ts';
import type { KvLeases } from './lease.ts';

export type { KvKey } from './key.ts';

export interface Kv extends KvValues, KvHashes, KvLeases {
  readonly cell: string;
  /** The key of one thing. Throws INVALID_ARGUMENT `KV_INVALID_KEY`. */
  key(noun: string, id: string): KvKey;
  /** One page of the ids under a noun. See `ScanPage` for what a scan promises. */
  scan(noun: string, options?: ScanOptions): Promise<ScanPage>;
  /** The changelog of that name in this cell. Opening it creates nothing; the first append does. */
  changelog(name: string, options?: ChangelogOptions): Changelog;
  /** Resolves when the store answers. */
  ping(): Promise<void>;
  /** Ends every wait with `KV_CLOSED`, then drops the connections. Idempotent. What is stored stays. */
  close(): Promise<void>;
}

export interface KvValues {
  get(key: KvKey): Promise<string | undefined>;
  /** Values in the order of `keys` (at most `limits.maxBatch`). A key that holds a hash counts as absent here. */
  getMany(keys: readonly KvKey[]): Promise<(string | undefined)[]>;
  set(key: KvKey, value: string, options?: TtlOptions): Promise<void>;
  /** Writes only if the key is absent. Resolves to whether it wrote. */
  setIfAbsent(key: KvKey, value: string, options?: TtlOptions): Promise<boolean>;
  /** Writes `next` only if the key holds exactly `expected`; `undefined` stands for "absent" on either side. Resolves to whether it matched. */
  compareAndSet(key: KvKey, swap: Swap): Promise<boolean>;
  /** Resolves to whether there was something to delete. */
  delete(key: KvKey): Promise<boolean>;
  /** Gives an existing key a new time to live. Resolves to whether the key exists. */
  expire(key: KvKey, ttlMs: number): Promise<boolean>;
  /** Milliseconds left; `null` for a key that stays; `undefined` for an absent key. */
  ttl(key: KvKey): Promise<number | null | undefined>;
}

export interface KvHashes {
  /** Sets the given fields (at least one, at most `limits.maxBatch`) and keeps the others. */
  hset(key: KvKey, fields: Readonly<Record<string, string>>): Promise<void>;
  hget(key: KvKey, field: string): Promise<string | undefined>;
  /** All fields; an empty map for an absent key. */
  hgetall(key: KvKey): Promise<Map<string, string>>;
  /** Resolves to how many of the fields existed. A hash without fields is an absent key. */
  hdel(key: KvKey, fields: readonly string[]): Promise<number>;
  /**
   * Adds a safe integer to a field (absent: 0) and resolves to the sum. FAILED_PRECONDITION `KV_NOT_AN_INTEGER` when the
   * field holds something else; OUT_OF_RANGE `KV_OUT_OF_RANGE`, and no change, when the sum is not a safe integer.
   */
  hincr(key: KvKey, field: string, by: number): Promise<number>;
}

export interface TtlOptions {
  /** Whole milliseconds, 1 to `limits.maxTtlMs`. Left out: the key stays until it is deleted. */
  ttlMs?: number;
}

export interface Swap extends TtlOptions {
  expected: string | undefined;
  next: string | undefined;
}

export interface ScanOptions {
  /** Only ids that begin with this. */
  idPrefix?: string;
  /** From the page before; left out: start. */
  cursor?: string;
  /** About how many keys of the store to look at for one page. Default 500, at most `limits.maxPageSize`. */
  pageSize?: number;
}

/**
 * A scan that is followed until `cursor` is `undefined` has named every id that existed during the whole of it. It may
 * name an id twice, may or may not name one that came or went meanwhile, and a page may be empty without being the last.
 */
export interface ScanPage {
  ids: string[];
  cursor: string | undefined;
}

export interface ChangelogOptions {
  /** Entries kept; older ones are dropped and their readers told. Default 10,000. Every writer of a log gives the same. */
  maxEntries?: number;
}

export interface KvOptions {
  cell: string;
  /** Times waits and, in the memory adapter, every time to live. */
  clock: Clock;
  /** Hears about connections lost and regained. */
  log?: KvLog;
  /** Deadline of one call, milliseconds. Default 2000. */
  callTimeoutMs?: number;
}

/** The part of a pino logger that the adapters use. */
export interface KvLog {
  info(data: object, message: string): void;
  warn(data: object, message: string): void;
}
