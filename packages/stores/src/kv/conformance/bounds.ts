import assert from 'node:assert/strict';
import { ServiceError } from '@frameworks/kit/errors';
import { rejectsWith } from '../../testing/rejects-with.ts';
import { limits } from '../limits.ts';
import type { KvCase } from './harness.ts';
import { patience } from './harness.ts';

export const boundCases: KvCase[] = [
  {
    name: 'bounds: keys are {cell}:noun:id with literal braces; what does not fit is refused',
    async run({ kv }) {
      assert.equal(kv.key('leader', 'federation'), `{${kv.cell}}:leader:federation`);
      const bad: [string, string][] = [
        ['', 'x'],
        ['Noun', 'x'],
        ['a:b', 'x'],
        ['fence', 'x'],
        ['changelog', 'x'],
        ['n', ''],
        ['n', 'a\u0000b'],
        ['n', 'a\nb'],
        ['n', '\ud800'],
        ['n', 'x'.repeat(513)],
        ['n', 'π'.repeat(257)],
      ];
      for (const [noun, id] of bad) await rejectsWith('KV_INVALID_KEY', async () => kv.key(noun, id));
    },
  },
  {
    name: 'bounds: a key of another cell is refused, not served',
    async run({ kv, harness }) {
      const elsewhere = await harness.open(`${kv.cell}-2`);
      const foreign = elsewhere.key('thing', 'x');
      await rejectsWith('KV_INVALID_KEY', () => kv.get(foreign));
      await rejectsWith('KV_INVALID_KEY', () => kv.set(foreign, '1'));
      await rejectsWith('KV_INVALID_KEY', () => kv.acquireLease(foreign, { owner: 'a', ttlMs: 1000 }));
      await elsewhere.close();
    },
  },
  {
    name: 'bounds: a value of exactly the maximum fits, one byte more is refused by name and size',
    async run({ kv }) {
      const key = kv.key('thing', 'large');
      const largest = 'x'.repeat(limits.maxValueBytes);
      await kv.set(key, largest);
      assert.equal((await kv.get(key))?.length, limits.maxValueBytes);
      for (const write of [
        () => kv.set(key, `${largest}x`),
        () => kv.hset(kv.key('thing', 'hash'), { f: `${largest}x` }),
        () => kv.changelog('large').append({ entity: 'a', value: 'π'.repeat(limits.maxValueBytes / 2 + 1) }),
      ]) {
        const error = await rejectsWith('KV_VALUE_TOO_LARGE', write);
        assert.equal(error.data.maxBytes, String(limits.maxValueBytes));
      }
    },
  },
  {
    name: 'bounds: text that is not well-formed Unicode is refused instead of changed',
    async run({ kv }) {
      await rejectsWith('KV_INVALID_VALUE', () => kv.set(kv.key('thing', 'x'), 'a\udc00'));
    },
  },
  {
    name: 'bounds: a time to live must be whole milliseconds from 1 to the maximum',
    async run({ kv }) {
      const key = kv.key('thing', 'x');
      for (const ttlMs of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, limits.maxTtlMs + 1]) {
        await rejectsWith('KV_INVALID_TTL', () => kv.set(key, '1', { ttlMs }));
        await rejectsWith('KV_INVALID_TTL', () => kv.expire(key, ttlMs));
        await rejectsWith('KV_INVALID_TTL', () => kv.acquireLease(key, { owner: 'a', ttlMs }));
      }
      assert.equal(await kv.get(key), undefined);
    },
  },
  {
    name: 'bounds: empty or oversized batches, pages, positions and cursors are refused',
    async run({ kv }) {
      const refused: (() => Promise<unknown>)[] = [
        () => kv.getMany([]),
        () => kv.hset(kv.key('thing', 'x'), {}),
        () => kv.hdel(kv.key('thing', 'x'), []),
        () => kv.scan('thing', { pageSize: 0 }),
        () => kv.scan('thing', { cursor: 'x' }),
        () => kv.scan('fence'),
        () => kv.changelog('log').read('nonsense', { signal: patience() }),
        () => kv.changelog('log').read('0-0', { limit: 0, signal: patience() }),
        async () => kv.changelog(''),
        () => kv.hincr(kv.key('thing', 'x'), 'n', 0.5),
      ];
      for (const call of refused) {
        const isInvalid = (error: unknown): boolean =>
          error instanceof ServiceError && error.code === 'INVALID_ARGUMENT';
        await assert.rejects(call, isInvalid, call.toString());
      }
    },
  },
  {
    name: 'close: it ends waits and refuses later calls with KV_CLOSED, and what is stored stays',
    async run({ kv, other }) {
      const key = kv.key('leader', 'federation');
      await kv.acquireLease(key, { owner: 'a', ttlMs: 60_000 });
      const waits = [
        rejectsWith('KV_CLOSED', () => kv.waitUntilFree(key, patience())),
        rejectsWith('KV_CLOSED', () => kv.changelog('log').read('0-0', { waitMs: 60_000, signal: patience() })),
      ];
      await kv.ping();
      await kv.close();
      await Promise.all(waits);
      await rejectsWith('KV_CLOSED', () => kv.get(key));
      await rejectsWith('KV_CLOSED', () => kv.ping());
      await kv.close();
      assert.equal(await other.get(key), 'a');
    },
  },
];
