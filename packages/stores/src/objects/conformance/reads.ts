import assert from 'node:assert/strict';
import { rejectsWith } from '../../testing/rejects-with.ts';
import { type ObjectsCase, readAll, readText, text } from './harness.ts';

const digits = '0123456789';

export const readCases: ObjectsCase[] = [
  {
    name: 'read: an absent object is OBJECT_NOT_FOUND to get and undefined to head',
    async run({ objects }) {
      await rejectsWith('OBJECT_NOT_FOUND', () => objects.get('nothing/here'));
      assert.equal(await objects.head('nothing/here'), undefined);
    },
  },
  {
    name: 'read: byte ranges are inclusive and cut at the end, and say what they give',
    async run({ objects }) {
      await objects.put('a', text(digits));
      for (const [range, expected, end] of [
        [{ start: 0 }, digits, 9],
        [{ start: 0, end: 0 }, '0', 0],
        [{ start: 3, end: 5 }, '345', 5],
        [{ start: 9 }, '9', 9],
        [{ start: 8, end: 1_000_000 }, '89', 9],
      ] as const) {
        const content = await objects.get('a', { range });
        assert.deepEqual(content.range, { start: range.start, end });
        assert.equal(content.info.sizeBytes, 10);
        assert.equal((await readAll(content)).toString(), expected);
      }
    },
  },
  {
    name: 'read: a range that begins beyond the end is refused with the size; a senseless one as invalid',
    async run({ objects }) {
      await objects.put('a', text(digits));
      await objects.put('empty', text(''));
      const error = await rejectsWith('OBJECT_RANGE_NOT_SATISFIABLE', () => objects.get('a', { range: { start: 10 } }));
      assert.equal(error.data.sizeBytes, '10');
      await rejectsWith('OBJECT_RANGE_NOT_SATISFIABLE', () => objects.get('empty', { range: { start: 0 } }));
      const empty = await objects.get('empty');
      assert.equal(empty.range, undefined);
      await empty.body.cancel();
      for (const range of [{ start: -1 }, { start: 0.5 }, { start: 5, end: 4 }]) {
        await rejectsWith('OBJECTS_INVALID_ARGUMENT', () => objects.get('a', { range }));
      }
    },
  },
  {
    name: 'read: ranges of a large object are its bytes at every boundary',
    async run({ objects }) {
      const whole = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * 7) % 251));
      await objects.put('large', whole);
      for (const [start, end] of [
        [0, 65_535],
        [65_535, 65_536],
        [65_536, 131_072],
        [1, 299_999],
        [299_999, 299_999],
      ] as const) {
        const part = await readAll(await objects.get('large', { range: { start, end } }));
        assert(part.equals(whole.subarray(start, end + 1)), `${start}-${end}`);
      }
    },
  },
  {
    name: 'read: what get opened stays that version, whatever is put or deleted meanwhile',
    async run({ objects, other }) {
      const old = Buffer.alloc(300_000, 'o');
      await objects.put('a', old);
      const [replaced, deleted] = [await objects.get('a'), await objects.get('a')];
      await other.put('a', Buffer.alloc(300_000, 'n'));
      assert((await readAll(replaced)).equals(old));
      await other.delete('a');
      assert((await readAll(deleted)).equals(old));
    },
  },
  {
    name: 'read: a body can be cancelled half way',
    async run({ objects }) {
      await objects.put('a', Buffer.alloc(1_000_000));
      const { body } = await objects.get('a');
      const reader = body.getReader();
      assert((await reader.read()).value !== undefined);
      await reader.cancel();
      assert.equal((await readText(objects, 'a')).length, 1_000_000);
    },
  },
  {
    name: 'read: an abort ends the body with its reason',
    async run({ objects }) {
      await objects.put('a', Buffer.alloc(1_000_000));
      const giveUp = new AbortController();
      const reason = new Error('enough');
      const reader = (await objects.get('a', { signal: giveUp.signal })).body.getReader();
      await reader.read();
      giveUp.abort(reason);
      await assert.rejects(reader.read(), reason);
      await assert.rejects(objects.get('a', { signal: giveUp.signal }), reason);
    },
  },
];
