import assert from 'node:assert/strict';
import type { KvCase } from './harness.ts';

export const expiryCases: KvCase[] = [
  {
    name: 'expiry: a key is there before its time and gone after it, for every operation',
    async run({ kv, harness }) {
      const [a, b, hash] = [kv.key('thing', 'a'), kv.key('thing', 'b'), kv.key('thing', 'hash')];
      await kv.set(a, '1', { ttlMs: 100_000 });
      await kv.set(b, '1');
      await kv.hset(hash, { f: '1' });
      assert.equal(await kv.expire(b, 100_000), true);
      assert.equal(await kv.expire(hash, 100_000), true);
      await harness.advance(50_000);
      assert.deepEqual(await kv.getMany([a, b]), ['1', '1']);
      assert.equal(await kv.hget(hash, 'f'), '1');
      await harness.advance(51_000);
      assert.deepEqual(await kv.getMany([a, b]), [undefined, undefined]);
      assert.equal((await kv.hgetall(hash)).size, 0);
      assert.equal(await kv.delete(a), false);
      assert.equal(await kv.ttl(b), undefined);
      assert.equal(await kv.compareAndSet(a, { expected: '1', next: '2' }), false);
      assert.deepEqual(await kv.scan('thing'), { ids: [], cursor: undefined });
    },
  },
  {
    name: 'expiry: ttl is null for a key that stays and counts down for one that does not',
    async run({ kv, harness }) {
      const key = kv.key('thing', 'a');
      await kv.set(key, '1');
      assert.equal(await kv.ttl(key), null);
      await kv.set(key, '1', { ttlMs: 100_000 });
      await harness.advance(40_000);
      const leftMs = await kv.ttl(key);
      assert(typeof leftMs === 'number' && leftMs > 50_000 && leftMs <= 60_000, `left: ${leftMs}`);
    },
  },
  {
    name: 'expiry: set and compareAndSet replace the time to live, hash writes keep it',
    async run({ kv, harness }) {
      const [plain, swapped, hash] = [kv.key('thing', 'plain'), kv.key('thing', 'swapped'), kv.key('thing', 'hash')];
      await kv.set(plain, '1', { ttlMs: 60_000 });
      await kv.set(plain, '2');
      await kv.set(swapped, '1', { ttlMs: 60_000 });
      await kv.compareAndSet(swapped, { expected: '1', next: '2' });
      await kv.hset(hash, { f: '1' });
      await kv.expire(hash, 60_000);
      await kv.hset(hash, { g: '2' });
      await kv.hincr(hash, 'f', 1);
      await harness.advance(61_000);
      assert.deepEqual(await kv.getMany([plain, swapped]), ['2', '2']);
      assert.equal(await kv.hget(hash, 'g'), undefined);
    },
  },
  {
    name: 'expiry: a refused setIfAbsent or compareAndSet leaves the time to live alone',
    async run({ kv, harness }) {
      const key = kv.key('thing', 'a');
      await kv.set(key, '1', { ttlMs: 60_000 });
      await kv.setIfAbsent(key, '2', { ttlMs: 600_000 });
      await kv.compareAndSet(key, { expected: 'x', next: '2', ttlMs: 600_000 });
      await harness.advance(61_000);
      assert.equal(await kv.get(key), undefined);
    },
  },
  {
    name: 'expiry: expire starts the time anew',
    async run({ kv, harness }) {
      const key = kv.key('thing', 'a');
      await kv.set(key, '1', { ttlMs: 60_000 });
      await harness.advance(50_000);
      await kv.expire(key, 60_000);
      await harness.advance(50_000);
      assert.equal(await kv.get(key), '1');
    },
  },
  {
    name: 'expiry: a hash written after its expiry starts empty and stays',
    async run({ kv, harness }) {
      const key = kv.key('thing', 'hash');
      await kv.hset(key, { old: '1' });
      await kv.expire(key, 60_000);
      await harness.advance(61_000);
      await kv.hset(key, { new: '1' });
      assert.deepEqual([...(await kv.hgetall(key)).keys()], ['new']);
      assert.equal(await kv.ttl(key), null);
    },
  },
];
