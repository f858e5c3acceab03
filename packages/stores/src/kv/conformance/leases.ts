import assert from 'node:assert/strict';
import { limits } from '../limits.ts';
import type { KvCase } from './harness.ts';
import { patience } from './harness.ts';

const ttlMs = 60_000;

export const leaseCases: KvCase[] = [
  {
    name: 'leases: one owner at a time; the other is told who holds it and for how long',
    async run({ kv, other }) {
      const key = kv.key('leader', 'federation');
      const mine = await kv.acquireLease(key, { owner: 'a', ttlMs });
      assert(mine.acquired);
      const theirs = await other.acquireLease(key, { owner: 'b', ttlMs });
      assert(!theirs.acquired);
      assert.equal(theirs.owner, 'a');
      assert.equal(theirs.highestFence, mine.fence);
      assert(theirs.remainingMs > ttlMs / 2 && theirs.remainingMs <= ttlMs);
    },
  },
  {
    name: 'leases: the key holds the owner, readable as a value',
    async run({ kv }) {
      const key = kv.key('leader', 'federation');
      await kv.acquireLease(key, { owner: 'foghorn-1', ttlMs });
      assert.equal(await kv.get(key), 'foghorn-1');
    },
  },
  {
    name: 'leases: nobody reenters, not even the owner',
    async run({ kv }) {
      const key = kv.key('leader', 'federation');
      assert((await kv.acquireLease(key, { owner: 'a', ttlMs })).acquired);
      assert(!(await kv.acquireLease(key, { owner: 'a', ttlMs })).acquired);
    },
  },
  {
    name: 'leases: of many concurrent contenders exactly one acquires',
    async run({ kv, other }) {
      const key = kv.key('leader', 'race');
      const tries = Array.from({ length: 40 }, (_, n) =>
        (n % 2 ? kv : other).acquireLease(key, { owner: `o${n}`, ttlMs }),
      );
      assert.equal((await Promise.all(tries)).filter(({ acquired }) => acquired).length, 1);
    },
  },
  {
    name: 'leases: fences rise strictly across release and expiry',
    async run({ kv, other, harness }) {
      const key = kv.key('leader', 'federation');
      let last = 0;
      for (let round = 0; round < 6; round++) {
        const lease = await (round % 2 ? kv : other).acquireLease(key, { owner: 'a', ttlMs });
        assert(lease.acquired);
        assert(lease.fence > last, `${lease.fence} after ${last}`);
        last = lease.fence;
        if (round % 3 === 0) await harness.advance(ttlMs + 1000);
        else await kv.releaseLease(key, { owner: 'a', fence: lease.fence });
      }
      assert.deepEqual(await kv.readLease(key), { owner: undefined, highestFence: last, remainingMs: 0 });
    },
  },
  {
    name: 'leases: a renewal extends the time to live',
    async run({ kv, harness }) {
      const key = kv.key('leader', 'federation');
      const lease = await kv.acquireLease(key, { owner: 'a', ttlMs });
      assert(lease.acquired);
      for (let round = 0; round < 3; round++) {
        await harness.advance(ttlMs * 0.75);
        assert.equal(await kv.renewLease(key, { owner: 'a', fence: lease.fence, ttlMs }), true);
      }
      assert.equal((await kv.readLease(key)).owner, 'a');
    },
  },
  {
    name: 'leases: only the owner with the current fence renews or releases',
    async run({ kv, other }) {
      const key = kv.key('leader', 'federation');
      const lease = await kv.acquireLease(key, { owner: 'a', ttlMs });
      assert(lease.acquired);
      const { fence } = lease;
      for (const hold of [
        { owner: 'b', fence },
        { owner: 'a', fence: fence + 1 },
        { owner: 'a', fence: fence - 1 },
      ]) {
        assert.equal(await other.renewLease(key, { ...hold, ttlMs }), false);
        assert.equal(await other.releaseLease(key, hold), false);
      }
      assert.equal((await kv.readLease(key)).owner, 'a');
    },
  },
  {
    name: 'leases: an expired lease cannot be renewed or released, whoever has it now',
    async run({ kv, other, harness }) {
      const key = kv.key('leader', 'federation');
      const old = await kv.acquireLease(key, { owner: 'a', ttlMs });
      assert(old.acquired);
      await harness.advance(ttlMs + 1000);
      assert.equal(await kv.renewLease(key, { owner: 'a', fence: old.fence, ttlMs }), false);
      assert.equal(await kv.releaseLease(key, { owner: 'a', fence: old.fence }), false);
      // The same name in a new life: only the fence tells them apart.
      const next = await other.acquireLease(key, { owner: 'a', ttlMs });
      assert(next.acquired);
      assert.equal(await kv.renewLease(key, { owner: 'a', fence: old.fence, ttlMs }), false);
      assert.equal(await kv.releaseLease(key, { owner: 'a', fence: old.fence }), false);
      assert.equal((await kv.readLease(key)).owner, 'a');
    },
  },
  {
    name: 'leases: a store that lost everything says so and never hands out a fence below one it is told',
    async run({ kv, other, harness }) {
      const key = kv.key('leader', 'federation');
      const old = await kv.acquireLease(key, { owner: 'a', ttlMs, highestSeenFence: 41 });
      assert(old.acquired);
      assert.equal(old.fence, 42);
      await harness.wipe();
      const next = await other.acquireLease(key, { owner: 'b', ttlMs, highestSeenFence: 42 });
      assert(next.acquired);
      assert.equal(next.fence, 43);
      assert.equal(next.mayHaveForgotten, true);
      assert.equal(await kv.renewLease(key, { owner: 'a', fence: 42, ttlMs }), false);
    },
  },
  {
    name: 'leases: after a loss everyone who acquires within one time to live is told, not only the first',
    async run({ kv, other, harness }) {
      const key = kv.key('leader', 'federation');
      await kv.acquireLease(key, { owner: 'forgotten', ttlMs });
      await harness.wipe();
      for (const owner of ['a', 'b', 'c']) {
        const lease = await other.acquireLease(key, { owner, ttlMs });
        assert(lease.acquired);
        assert.equal(lease.mayHaveForgotten, true);
        await other.releaseLease(key, { owner, fence: lease.fence });
      }
    },
  },
  {
    name: 'leases: telling a higher fence ends the reign of a lease with a lower one',
    async run({ kv, other }) {
      const key = kv.key('leader', 'federation');
      const low = await kv.acquireLease(key, { owner: 'a', ttlMs });
      assert(low.acquired);
      const refused = await other.acquireLease(key, { owner: 'b', ttlMs, highestSeenFence: low.fence + 10 });
      assert(!refused.acquired);
      assert.equal(refused.highestFence, low.fence + 10);
      assert.equal(await kv.renewLease(key, { owner: 'a', fence: low.fence, ttlMs }), false);
    },
  },
  {
    name: 'leases: a fence nobody has used for long goes, and the store then says that it may have forgotten',
    async run({ kv, other, harness }) {
      const key = kv.key('leader', 'federation');
      const lease = await kv.acquireLease(key, { owner: 'a', ttlMs, highestSeenFence: 6 });
      assert(lease.acquired);
      // Renewals count as use: the fence of a lease held for ever stays.
      await harness.advance(ttlMs / 2);
      assert(await kv.renewLease(key, { owner: 'a', fence: lease.fence, ttlMs }));
      await harness.advance(limits.fenceKeptMs - ttlMs / 4);
      assert.equal((await kv.readLease(key)).highestFence, lease.fence);
      await harness.advance(ttlMs);
      assert.equal((await kv.readLease(key)).highestFence, 0);
      const next = await other.acquireLease(key, { owner: 'b', ttlMs, highestSeenFence: lease.fence });
      assert(next.acquired);
      assert.equal(next.mayHaveForgotten, true);
      assert.equal(next.fence, lease.fence + 1);
    },
  },
  {
    name: 'leases: waiting for a free lease resolves at once',
    async run({ kv }) {
      await kv.waitUntilFree(kv.key('leader', 'nobody'), patience());
    },
  },
  {
    name: 'leases: a release wakes every waiter within a second',
    async run({ kv, other }) {
      const key = kv.key('leader', 'federation');
      const lease = await kv.acquireLease(key, { owner: 'a', ttlMs });
      assert(lease.acquired);
      const waiting = Promise.all([other.waitUntilFree(key, patience(5000)), kv.waitUntilFree(key, patience(5000))]);
      await other.ping();
      const startMs = performance.now();
      await kv.releaseLease(key, { owner: 'a', fence: lease.fence });
      await waiting;
      assert(performance.now() - startMs < 1000);
    },
  },
  {
    name: 'leases: an expiry wakes a waiter',
    async run({ kv, other, harness }) {
      const key = kv.key('leader', 'federation');
      await kv.acquireLease(key, { owner: 'a', ttlMs });
      const waiting = other.waitUntilFree(key, patience(5000));
      await other.ping();
      await harness.advance(ttlMs + 1000);
      await waiting;
      assert.equal((await other.readLease(key)).owner, undefined);
    },
  },
  {
    name: 'leases: an aborted wait rejects with the reason of its signal',
    async run({ kv }) {
      const key = kv.key('leader', 'federation');
      await kv.acquireLease(key, { owner: 'a', ttlMs });
      const giveUp = new AbortController();
      const waiting = kv.waitUntilFree(key, giveUp.signal);
      const reason = new Error('enough');
      giveUp.abort(reason);
      await assert.rejects(waiting, reason);
    },
  },
];
