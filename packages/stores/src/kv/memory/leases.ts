import { fenceKeyOf, type KvKey, unsettledKeyOf } from '../key.ts';
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
        if (highestFence > lease.highestFence) store.fences.set(fenceKeyOf(key), highestFence);
        return { acquired: false, owner: lease.owner, highestFence, remainingMs: lease.remainingMs };
      }
      const fence = highestFence + 1;
      store.setValue(key, owner, ttlMs);
      store.fences.set(fenceKeyOf(key), fence);
      const unsettled = unsettledKeyOf(key);
      if (store.forgot && lease.highestFence === 0) store.setValue(unsettled, '', ttlMs);
      return { acquired: true, fence, mayHaveForgotten: store.find(unsettled) !== undefined };
    },
    async renewLease(key, { owner, fence, ttlMs }) {
      if (!isHeld(store, key, { owner, fence })) return false;
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
  return { owner, highestFence: store.fences.get(fenceKeyOf(key)) ?? 0, remainingMs };
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
