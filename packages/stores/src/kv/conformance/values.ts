import assert from 'node:assert/strict';
import { rejectsWith } from '../../testing/rejects-with.ts';
import type { KvCase } from './harness.ts';

export const valueCases: KvCase[] = [
  {
    name: 'values: an absent key reads as undefined and deletes as false',
    async run({ kv }) {
      const key = kv.key('thing', 'absent');
      assert.equal(await kv.get(key), undefined);
      assert.equal(await kv.delete(key), false);
      assert.equal(await kv.ttl(key), undefined);
      assert.equal(await kv.expire(key, 1000), false);
    },
  },
  {
    name: 'values: what one client sets the other reads, unchanged, whatever the text',
    async run({ kv, other }) {
      for (const [at, value] of ['', 'plain', '0', 'π 🚀 \u0000\r\n', '{"a":[1]}'].entries()) {
        const key = kv.key('thing', `v${at}:π/{x}*?[a]`);
        await kv.set(key, value);
        assert.equal(await other.get(key), value);
      }
    },
  },
  {
    name: 'values: getMany answers in order, with undefined for what is absent or a hash',
    async run({ kv }) {
      const [a, b, hash] = [kv.key('thing', 'a'), kv.key('thing', 'b'), kv.key('thing', 'hash')];
      await kv.set(a, '1');
      await kv.hset(hash, { f: 'x' });
      assert.deepEqual(await kv.getMany([b, a, hash, a]), [undefined, '1', undefined, '1']);
    },
  },
  {
    name: 'values: setIfAbsent writes once; the second caller is told',
    async run({ kv, other }) {
      const key = kv.key('lock', 'one');
      assert.equal(await kv.setIfAbsent(key, 'kv', { ttlMs: 60_000 }), true);
      assert.equal(await other.setIfAbsent(key, 'other'), false);
      assert.equal(await other.get(key), 'kv');
    },
  },
  {
    name: 'values: setIfAbsent succeeds again once the time to live has passed',
    async run({ kv, other, harness }) {
      const key = kv.key('lock', 'two');
      assert.equal(await kv.setIfAbsent(key, 'kv', { ttlMs: 60_000 }), true);
      await harness.advance(61_000);
      assert.equal(await other.setIfAbsent(key, 'other'), true);
      assert.equal(await kv.get(key), 'other');
    },
  },
  {
    name: 'values: of many concurrent setIfAbsent exactly one wins',
    async run({ kv, other }) {
      const key = kv.key('lock', 'race');
      const tries = Array.from({ length: 50 }, (_, n) => (n % 2 ? kv : other).setIfAbsent(key, String(n)));
      assert.equal((await Promise.all(tries)).filter(Boolean).length, 1);
    },
  },
  {
    name: 'values: compareAndSet swaps on a match only, absent counting as undefined',
    async run({ kv }) {
      const key = kv.key('thing', 'cas');
      assert.equal(await kv.compareAndSet(key, { expected: 'x', next: 'y' }), false);
      assert.equal(await kv.compareAndSet(key, { expected: undefined, next: 'a' }), true);
      assert.equal(await kv.compareAndSet(key, { expected: undefined, next: 'b' }), false);
      assert.equal(await kv.compareAndSet(key, { expected: 'a', next: 'b' }), true);
      assert.equal(await kv.compareAndSet(key, { expected: 'a', next: undefined }), false);
      assert.equal(await kv.get(key), 'b');
      assert.equal(await kv.compareAndSet(key, { expected: 'b', next: undefined }), true);
      assert.equal(await kv.get(key), undefined);
    },
  },
  {
    name: 'values: an empty value is a value, not absence',
    async run({ kv }) {
      const key = kv.key('thing', 'empty');
      await kv.set(key, '');
      assert.equal(await kv.get(key), '');
      assert.equal(await kv.compareAndSet(key, { expected: undefined, next: 'x' }), false);
      assert.equal(await kv.compareAndSet(key, { expected: '', next: 'x' }), true);
    },
  },
  {
    name: 'values: concurrent compareAndSet increments lose none',
    async run({ kv, other }) {
      const key = kv.key('counter', 'cas');
      await kv.set(key, '0');
      const increment = async (client: typeof kv): Promise<void> => {
        for (let attempt = 0; attempt < 200; attempt++) {
          const expected = await client.get(key);
          if (await client.compareAndSet(key, { expected, next: String(Number(expected) + 1) })) return;
        }
        assert.fail('no luck in 200 attempts');
      };
      await Promise.all(Array.from({ length: 20 }, (_, n) => increment(n % 2 ? kv : other)));
      assert.equal(await kv.get(key), '20');
    },
  },
  {
    name: 'values: using a hash as a value, or a value as a hash, is refused as KV_WRONG_TYPE',
    async run({ kv }) {
      const [hash, value] = [kv.key('thing', 'hash'), kv.key('thing', 'value')];
      await kv.hset(hash, { f: '1' });
      await kv.set(value, '1');
      await rejectsWith('KV_WRONG_TYPE', () => kv.get(hash));
      await rejectsWith('KV_WRONG_TYPE', () => kv.compareAndSet(hash, { expected: undefined, next: 'x' }));
      await rejectsWith('KV_WRONG_TYPE', () => kv.hset(value, { f: '1' }));
      await rejectsWith('KV_WRONG_TYPE', () => kv.hget(value, 'f'));
      await rejectsWith('KV_WRONG_TYPE', () => kv.hincr(value, 'f', 1));
      assert.equal(await kv.setIfAbsent(hash, 'x'), false);
      await kv.set(hash, 'now a value');
      assert.equal(await kv.get(hash), 'now a value');
    },
  },
];
