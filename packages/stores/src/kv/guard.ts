import { childController } from '@frameworks/std/abort';
import type { KvAdapter } from './adapter.ts';
import type { Changelog } from './changelog.ts';
import { kvClosed } from './errors.ts';
import { buildKey } from './key.ts';
import type { Kv, KvHashes, KvKey, KvValues } from './kv.ts';
import type { KvLeases } from './lease.ts';
import { assertBatch, assertName, assertTtl } from './limits.ts';
import * as check from './requests.ts';

/** Turned away at the door: arguments no adapter should see, keys of other cells, calls after `close`. */
interface Door {
  /** Throws unless the kv is open and the key is of its cell. */
  admit(key?: KvKey): void;
  closed: AbortSignal;
  cell: string;
}

/** Wraps an adapter into the `Kv` that callers get. */
export function guardKv(cell: string, adapter: KvAdapter): Kv {
  const closing = new AbortController();
  const door: Door = {
    cell,
    closed: closing.signal,
    admit(key) {
      if (closing.signal.aborted) throw kvClosed();
      if (key !== undefined) check.checkKey(cell, key);
    },
  };
  return {
    cell,
    key: (noun, id) => buildKey({ cell, noun, id }),
    ...guardValues(door, adapter),
    ...guardHashes(door, adapter),
    ...guardLeases(door, adapter),
    async scan(noun, options = {}) {
      door.admit();
      return await adapter.scan(check.checkScan(noun, options));
    },
    changelog(name, options) {
      return guardChangelog(door, adapter.changelog(name, check.checkChangelog(name, options)));
    },
    async ping() {
      door.admit();
      await adapter.ping();
    },
    async close() {
      if (closing.signal.aborted) return;
      closing.abort(kvClosed());
      await adapter.close();
    },
  };
}

function guardValues(door: Door, adapter: KvAdapter): KvValues {
  return {
    async get(key) {
      door.admit(key);
      return await adapter.get(key);
    },
    async getMany(keys) {
      assertBatch(keys.length, 'keys');
      for (const key of keys) door.admit(key);
      return await adapter.getMany(keys);
    },
    async set(key, value, options) {
      door.admit(key);
      check.checkSet(value, options);
      await adapter.set(key, value, options);
    },
    async setIfAbsent(key, value, options) {
      door.admit(key);
      check.checkSet(value, options);
      return await adapter.setIfAbsent(key, value, options);
    },
    async compareAndSet(key, swap) {
      door.admit(key);
      check.checkSwap(swap);
      return await adapter.compareAndSet(key, swap);
    },
    async delete(key) {
      door.admit(key);
      return await adapter.delete(key);
    },
    async expire(key, ttlMs) {
      door.admit(key);
      assertTtl(ttlMs);
      return await adapter.expire(key, ttlMs);
    },
    async ttl(key) {
      door.admit(key);
      return await adapter.ttl(key);
    },
  };
}

function guardHashes(door: Door, adapter: KvAdapter): KvHashes {
  return {
    async hset(key, fields) {
      door.admit(key);
      check.checkFields(fields);
      await adapter.hset(key, fields);
    },
    async hget(key, field) {
      door.admit(key);
      assertName(field, 'field');
      return await adapter.hget(key, field);
    },
    async hgetall(key) {
      door.admit(key);
      return await adapter.hgetall(key);
    },
    async hdel(key, fields) {
      door.admit(key);
      check.checkFieldNames(fields);
      return await adapter.hdel(key, fields);
    },
    async hincr(key, field, by) {
      door.admit(key);
      check.checkIncrement(field, by);
      return await adapter.hincr(key, field, by);
    },
  };
}

function guardLeases(door: Door, adapter: KvAdapter): KvLeases {
  return {
    async acquireLease(key, request) {
      door.admit(key);
      check.checkLeaseRequest(request);
      return await adapter.acquireLease(key, request);
    },
    async renewLease(key, renewal) {
      door.admit(key);
      check.checkLeaseHold(renewal);
      return await adapter.renewLease(key, renewal);
    },
    async releaseLease(key, hold) {
      door.admit(key);
      check.checkLeaseHold(hold);
      return await adapter.releaseLease(key, hold);
    },
    async readLease(key) {
      door.admit(key);
      return await adapter.readLease(key);
    },
    async waitUntilFree(key, signal) {
      door.admit(key);
      using either = childController(door.closed, signal);
      await adapter.waitUntilFree(key, either.signal);
    },
  };
}

function guardChangelog(door: Door, changelog: Changelog): Changelog {
  return {
    async append(change) {
      door.admit();
      check.checkChange(door.cell, change);
      return await changelog.append(change);
    },
    async snapshot() {
      door.admit();
      return await changelog.snapshot();
    },
    async read(position, options) {
      door.admit();
      const { limit, waitMs } = check.checkRead(position, options);
      using either = childController(door.closed, options.signal);
      return await changelog.read(position, { limit, waitMs, signal: either.signal });
    },
  };
}
