import type { KvKey } from '../key.ts';
import type { KvValues } from '../kv.ts';
import type { MemoryStore } from './store.ts';

/** Values, each operation in one synchronous step: nothing comes between a comparison and its write. */
export function memoryValues(store: MemoryStore): KvValues {
  return {
    get: async (key) => store.findValue(key),
    getMany: async (keys) => keys.map((key) => findIfValue(store, key)),
    set: async (key, value, options) => store.setValue(key, value, options?.ttlMs),
    async setIfAbsent(key, value, options) {
      if (store.find(key) !== undefined) return false;
      store.setValue(key, value, options?.ttlMs);
      return true;
    },
    async compareAndSet(key, { expected, next, ttlMs }) {
      if (store.findValue(key) !== expected) return false;
      if (next === undefined) store.delete(key);
      else store.setValue(key, next, ttlMs);
      return true;
    },
    delete: async (key) => store.delete(key),
    async expire(key, ttlMs) {
      const entry = store.find(key);
      if (entry === undefined) return false;
      entry.expiresAtMs = store.clock.monotonic() + ttlMs;
      return true;
    },
    async ttl(key) {
      const entry = store.find(key);
      return entry === undefined ? undefined : store.remainingMs(entry);
    },
  };
}

function findIfValue(store: MemoryStore, key: KvKey): string | undefined {
  const entry = store.find(key);
  return entry?.kind === 'value' ? entry.value : undefined;
}
