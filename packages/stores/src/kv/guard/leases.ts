import { childController } from '@frameworks/std/abort';
import type { KvAdapter } from '../adapter.ts';
import type { KvLeases } from '../lease.ts';
import * as check from '../requests.ts';
import type { Door } from './door.ts';

export function guardLeases(door: Door, adapter: KvAdapter): KvLeases {
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
