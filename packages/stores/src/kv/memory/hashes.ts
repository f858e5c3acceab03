import { notAnInteger, outOfRange } from '../errors.ts';
import type { KvHashes } from '../kv.ts';
import type { MemoryStore } from './store.ts';

/** What Redis takes for an integer: no sign but minus, no leading zeros, no space. Its range is checked separately. */
const integerPattern = /^(0|-?[1-9]\d*)$/;
const int64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n };

export function memoryHashes(store: MemoryStore): KvHashes {
  return {
    async hset(key, fields) {
      const hash = store.openHash(key);
      for (const [field, value] of Object.entries(fields)) hash.set(field, value);
    },
    hget: async (key, field) => store.findHash(key)?.get(field),
    hgetall: async (key) => new Map(store.findHash(key)),
    async hdel(key, fields) {
      const hash = store.findHash(key);
      if (hash === undefined) return 0;
      const deleted = fields.filter((field) => hash.delete(field)).length;
      if (hash.size === 0) store.delete(key);
      return deleted;
    },
    async hincr(key, field, by) {
      const sum = add(store.findHash(key)?.get(field) ?? '0', by);
      store.openHash(key).set(field, String(sum));
      return sum;
    },
  };
}

function add(stored: string, by: number): number {
  if (!integerPattern.test(stored)) throw notAnInteger();
  const current = BigInt(stored);
  if (current < int64.min || current > int64.max) throw notAnInteger();
  const sum = Number(current + BigInt(by));
  if (!Number.isSafeInteger(sum)) throw outOfRange();
  return sum;
}
