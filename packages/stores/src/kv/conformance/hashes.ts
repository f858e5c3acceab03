import assert from 'node:assert/strict';
import { rejectsWith } from '../../testing/rejects-with.ts';
import type { KvCase } from './harness.ts';

export const hashCases: KvCase[] = [
  {
    name: 'hashes: hset adds and replaces fields and keeps the others',
    async run({ kv, other }) {
      const key = kv.key('node', 'a');
      await kv.hset(key, { one: '1', two: '2' });
      await other.hset(key, { two: 'II', three: '' });
      assert.deepEqual(
        await kv.hgetall(key),
        new Map([
          ['one', '1'],
          ['two', 'II'],
          ['three', ''],
        ]),
      );
      assert.equal(await kv.hget(key, 'three'), '');
      assert.equal(await kv.hget(key, 'four'), undefined);
    },
  },
  {
    name: 'hashes: any text may name a field, __proto__ and the empty value included',
    async run({ kv }) {
      const key = kv.key('node', 'odd');
      const fields = Object.fromEntries([
        ['__proto__', 'p'],
        ['constructor', ''],
        ['π 🚀', '{}'],
      ]);
      await kv.hset(key, fields);
      assert.deepEqual(new Map([...(await kv.hgetall(key))].sort()), new Map(Object.entries(fields).sort()));
    },
  },
  {
    name: 'hashes: hdel counts what it deleted, and the last field takes the key along',
    async run({ kv }) {
      const key = kv.key('node', 'a');
      await kv.hset(key, { one: '1', two: '2' });
      assert.equal(await kv.hdel(key, ['one', 'none']), 1);
      assert.equal(await kv.hdel(key, ['two']), 1);
      assert.equal(await kv.hdel(key, ['two']), 0);
      assert.equal(await kv.ttl(key), undefined);
      await kv.set(key, 'free for a value again');
    },
  },
  {
    name: 'hashes: hincr starts at 0, adds either sign and loses nothing under concurrency',
    async run({ kv, other }) {
      const key = kv.key('node', 'count');
      assert.equal(await kv.hincr(key, 'n', -5), -5);
      await Promise.all(Array.from({ length: 40 }, (_, n) => (n % 2 ? kv : other).hincr(key, 'n', 2)));
      assert.equal(await kv.hget(key, 'n'), '75');
    },
  },
  {
    name: 'hashes: hincr refuses text that is not an integer',
    async run({ kv }) {
      const key = kv.key('node', 'text');
      for (const text of ['x', '', '1.5', ' 1', '01', '+1', '-0', '1e3', '99999999999999999999']) {
        await kv.hset(key, { n: text });
        await rejectsWith('KV_NOT_AN_INTEGER', () => kv.hincr(key, 'n', 1));
        assert.equal(await kv.hget(key, 'n'), text);
      }
    },
  },
  {
    name: 'hashes: hincr refuses a sum that JavaScript cannot hold exactly, and changes nothing',
    async run({ kv }) {
      const key = kv.key('node', 'big');
      await kv.hset(key, { n: String(Number.MAX_SAFE_INTEGER - 1) });
      assert.equal(await kv.hincr(key, 'n', 1), Number.MAX_SAFE_INTEGER);
      await rejectsWith('KV_OUT_OF_RANGE', () => kv.hincr(key, 'n', 1));
      assert.equal(await kv.hget(key, 'n'), String(Number.MAX_SAFE_INTEGER));
      await kv.hset(key, { n: '-9223372036854775808' });
      await rejectsWith('KV_OUT_OF_RANGE', () => kv.hincr(key, 'n', -1));
      assert.equal(await kv.hget(key, 'n'), '-9223372036854775808');
    },
  },
];
