import type { Clock } from '@frameworks/std/clock';
import { kvFull, wrongType } from '../errors.ts';
import { fenceKeyOf, type KvKey } from '../key.ts';
import { fenceTtlOf, limits } from '../limits.ts';
import { Notices } from '../watch.ts';
import type { MemoryLog } from './changelog.ts';

type Content = { kind: 'value'; value: string } | { kind: 'hash'; fields: Map<string, string> };

type Entry = Content & {
  /** On the clock's monotonic scale; `undefined` stays. */
  expiresAtMs: number | undefined;
};

/** Far above what one process needs (10,000 streams, 1,000 nodes), far below what would hurt it. */
const maxKeys = 1_000_000;

/** The data behind every `memory:<name>` kv of this process, all cells together. Expiry is judged on access, by one clock. */
export class MemoryStore {
  readonly clock: Clock;
  readonly notices = new Notices();
  readonly logs = new Map<string, MemoryLog>();
  readonly #entries = new Map<KvKey, Entry>();
  readonly #maxKeys: number;
  #sweepAtSize = 1024;
  #wiped = false;
  readonly #startedMs: number;

  constructor(clock: Clock, limit = maxKeys) {
    this.clock = clock;
    this.#startedMs = clock.monotonic();
    this.#maxKeys = limit;
  }

  /** The entry, unless its time has passed. */
  find(key: KvKey): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || !this.#isExpired(entry)) return entry;
    this.#entries.delete(key);
    return undefined;
  }

  findValue(key: KvKey): string | undefined {
    const entry = this.find(key);
    if (entry === undefined) return undefined;
    if (entry.kind !== 'value') throw wrongType();
    return entry.value;
  }

  findHash(key: KvKey): Map<string, string> | undefined {
    const entry = this.find(key);
    if (entry === undefined) return undefined;
    if (entry.kind !== 'hash') throw wrongType();
    return entry.fields;
  }

  /** May there have been a fence that is not known any more? Only `wipe` and time forget. */
  get mayHaveForgotten(): boolean {
    return this.#wiped || this.clock.monotonic() - this.#startedMs >= limits.fenceKeptMs;
  }

  /** The highest fence of a lease; 0 if none is known. */
  findFence(lease: KvKey): number {
    return Number(this.findValue(fenceKeyOf(lease)) ?? 0);
  }

  setFence(lease: KvKey, fence: number, leaseTtlMs: number): void {
    this.setValue(fenceKeyOf(lease), String(fence), fenceTtlOf(leaseTtlMs));
  }

  setValue(key: KvKey, value: string, ttlMs: number | undefined): void {
    this.#makeRoom(key);
    const expiresAtMs = ttlMs === undefined ? undefined : this.clock.monotonic() + ttlMs;
    this.#entries.set(key, { kind: 'value', value, expiresAtMs });
  }

  /** The fields of an existing or new hash. A new one is expected to get a field at once: empty hashes do not exist. */
  openHash(key: KvKey): Map<string, string> {
    const known = this.findHash(key);
    if (known !== undefined) return known;
    this.#makeRoom(key);
    const fields = new Map<string, string>();
    this.#entries.set(key, { kind: 'hash', fields, expiresAtMs: undefined });
    return fields;
  }

  delete(key: KvKey): boolean {
    const existed = this.find(key) !== undefined;
    this.#entries.delete(key);
    return existed;
  }

  /** Keys whose time has not passed, in no particular order that callers may rely on. */
  *keys(): Iterable<KvKey> {
    for (const [key, entry] of this.#entries) if (!this.#isExpired(entry)) yield key;
  }

  remainingMs(entry: Entry): number | null {
    return entry.expiresAtMs === undefined ? null : entry.expiresAtMs - this.clock.monotonic();
  }

  /** Loses everything, as a Redis without persistence does in a restart. For tests and drills. */
  wipe(): void {
    this.#entries.clear();
    this.logs.clear();
    this.#wiped = true;
    this.notices.notifyAll();
  }

  #isExpired(entry: Entry): boolean {
    return entry.expiresAtMs !== undefined && entry.expiresAtMs <= this.clock.monotonic();
  }

  /** Expired entries nobody asks for would pile up; sweeping at every doubling costs O(1) per write. */
  #makeRoom(key: KvKey): void {
    if (this.#entries.has(key) || this.#entries.size < Math.min(this.#sweepAtSize, this.#maxKeys)) return;
    for (const [each, entry] of this.#entries) if (this.#isExpired(entry)) this.#entries.delete(each);
    this.#sweepAtSize = Math.max(1024, 2 * this.#entries.size);
    if (this.#entries.size >= this.#maxKeys) throw kvFull(`the memory kv holds ${this.#maxKeys} keys, its bound`);
  }
}
