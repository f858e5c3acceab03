import type { KvAdapter } from './adapter.ts';
import { guardChangelog } from './guard/changelog.ts';
import { Door } from './guard/door.ts';
import { guardHashes } from './guard/hashes.ts';
import { guardLeases } from './guard/leases.ts';
import { guardValues } from './guard/values.ts';
import { buildKey } from './key.ts';
import type { Kv } from './kv.ts';
import * as check from './requests.ts';

/** Wraps an adapter into the `Kv` that callers get: arguments that no adapter should see are refused at the door. */
export function guardKv(cell: string, adapter: KvAdapter): Kv {
  const door = new Door(cell);
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
      if (door.close()) await adapter.close();
    },
  };
}
