import type { Clock } from '@frameworks/std/clock';
import type { KvAdapter } from '../adapter.ts';
import { invalid } from '../limits.ts';
import { memoryChangelog } from './changelog.ts';
import { memoryHashes } from './hashes.ts';
import { memoryLeases } from './leases.ts';
import { memoryScan } from './scan.ts';
import { MemoryStore } from './store.ts';
import { memoryValues } from './values.ts';

/**
 * The stores of this process by name. Module state on purpose: two services in one process that open the same URL must
 * meet in the same data, as they would in one Redis, and like there the data outlives whoever opened it.
 */
const stores = new Map<string, MemoryStore>();

/** The adapter behind `memory:` and `memory:<name>`. An empty name is a store of its own. */
export function openMemoryKv(name: string, options: { cell: string; clock: Clock }): KvAdapter {
  return memoryKv(name === '' ? new MemoryStore(options.clock) : sharedStore(name, options.clock), options.cell);
}

/** Makes the store of that name lose everything, for tests and drills. Does nothing if nobody opened it. */
export function wipeMemoryKv(name: string): void {
  stores.get(name)?.wipe();
}

/** An adapter over a store of the caller's. */
export function memoryKv(store: MemoryStore, cell: string): KvAdapter {
  return {
    ...memoryValues(store),
    ...memoryHashes(store),
    ...memoryLeases(store),
    scan: async (request) => memoryScan(store, cell, request),
    changelog: (name, { maxEntries }) => memoryChangelog(store, { cell, id: name }, maxEntries),
    ping: async () => {},
    close: async () => {},
  };
}

function sharedStore(name: string, clock: Clock): MemoryStore {
  const known = stores.get(name);
  if (known === undefined) {
    const store = new MemoryStore(clock);
    stores.set(name, store);
    return store;
  }
  // Two clocks would judge one expiry differently.
  if (known.clock !== clock) throw invalid('KV_CLOCK_MISMATCH', `memory:${name} is open with another clock`);
  return known;
}
