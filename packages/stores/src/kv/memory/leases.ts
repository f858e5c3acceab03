import { type KvKey, unsettledKeyOf } from '../key.ts';
import type { KvLeases, LeaseHold, LeaseView } from '../lease.ts';
import { limits } from '../limits.ts';
import { watch } from '../watch.ts';
import type { MemoryStore } from './store.ts';

export function memoryLeases(store: MemoryStore): KvLeases {
  return {
    async acquireLease(key, { owner, ttlMs, highestSeenFence = 0 }) {
      const lease = view(store, key);
      const highestFence = Math.max(lease.highestFence, highestSeenFence);
      if (lease.owner !== undefined) {
        if (highestFence > lease.highestFence) store.setFence(key, highestFence, ttlMs);
        return { acquired: false, owner: lease.owner, highestFence, remainingMs: lease.remainingMs };
      }
      const fence = highestFence + 1;
      const unsettled = unsettledKeyOf(key);
      // The lease last: each step may find the store full, and none before it grants anything.
      if (store.mayHaveForgotten && lease.highestFence === 0) store.setValue(unsettled, '', ttlMs);
      store.setFence(key, fence, ttlMs);
      store.setValue(key, owner, ttlMs);
      return { acquired: true, fence, mayHaveForgotten: store.find(unsettled) !== undefined };
    },
    async renewLease(key, { owner, fence, ttlMs }) {
      if (!isHeld(store, key, { owner, fence })) return false;
      store.setFence(key, fence, ttlMs);
      store.setValue(key, owner, ttlMs);
      return true;
    },
    async releaseLease(key, hold) {
      if (!isHeld(store, key, hold)) return false;
      store.delete(key);
      store.notices.notify(key);
      return true;
    },
    readLease: async (key) => view(store, key),
    async waitUntilFree(key, signal) {
      await watch({
        name: key,
        listen: store.notices.listen,
        clock: store.clock,
        signal,
        look: async () => look(store, key),
      });
    },
  };
}

function view(store: MemoryStore, key: KvKey): LeaseView {
  const owner = store.findValue(key);
  const entry = store.find(key);
  const remainingMs = entry === undefined ? 0 : (store.remainingMs(entry) ?? Number.MAX_SAFE_INTEGER);
  return { owner, highestFence: store.findFence(key), remainingMs };
}

function isHeld(store: MemoryStore, key: KvKey, hold: LeaseHold): boolean {
  const lease = view(store, key);
  return lease.owner === hold.owner && lease.highestFence === hold.fence;
}

function look(store: MemoryStore, key: KvKey): { found: true } | { againInMs: number } {
  const lease = view(store, key);
  if (lease.owner === undefined) return { found: true };
  // The key may be deleted or replaced without a notice, so the full remaining time is not waited in one go.
  return { againInMs: Math.min(lease.remainingMs, limits.pollMs) };
}
