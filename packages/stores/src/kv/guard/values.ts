import type { KvAdapter } from '../adapter.ts';
import type { KvValues } from '../kv.ts';
import { assertBatch, assertTtl } from '../limits.ts';
import * as check from '../requests.ts';
import type { Door } from './door.ts';

export function guardValues(door: Door, adapter: KvAdapter): KvValues {
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
