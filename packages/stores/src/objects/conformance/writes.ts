import assert from 'node:assert/strict';
import { rejectsWith } from '../../testing/rejects-with.ts';
import { CountingSource, type ObjectsCase, readAll, readText, text } from './harness.ts';

const oddKeys = [
  'plain',
  'UPPER',
  'upper',
  'a/b/c',
  'a.b',
  '..a',
  'a..',
  '.hidden',
  'spa ce',
  'pérécent%2f',
  'q?*|<>:"\\',
  'ﬁ',
  'fi',
  'é',
  'e\u0301',
  '日本語'.repeat(50),
  '🚀'.repeat(100),
  `${'x'.repeat(1000)}/y`,
  'x'.repeat(64),
  'x'.repeat(65),
  'con',
  'a@',
  'a@+',
  '%',
];

export const writeCases: ObjectsCase[] = [
  {
    name: 'write: what was put is what is read, with size, etag and time',
    async run({ objects, other }) {
      const before = Date.now();
      const info = await objects.put('a/b.txt', text('hello'));
      assert.equal(info.key, 'a/b.txt');
      assert.equal(info.sizeBytes, 5);
      assert(info.etag.length > 0);
      assert(Math.abs(info.modifiedAt - before) < 60_000);
      assert.equal(await readText(other, 'a/b.txt'), 'hello');
      assert.deepEqual(await other.head('a/b.txt'), info);
    },
  },
  {
    name: 'write: a stream is stored whole, an empty one too',
    async run({ objects }) {
      const chunk = Buffer.alloc(70_001, 'abcdefg');
      await objects.put('large', new CountingSource(chunk, 40));
      assert((await readAll(await objects.get('large'))).equals(Buffer.concat(Array(40).fill(chunk))));
      await objects.put('empty', new CountingSource(chunk, 0));
      assert.equal((await objects.head('empty'))?.sizeBytes, 0);
      assert.equal(await readText(objects, 'empty'), '');
    },
  },
  {
    name: 'write: equal content has an equal etag, other content another',
    async run({ objects }) {
      const [a, b, c] = [
        await objects.put('a', text('1')),
        await objects.put('b', text('1')),
        await objects.put('c', text('2')),
      ];
      assert.equal(a.etag, b.etag);
      assert.notEqual(a.etag, c.etag);
    },
  },
  {
    name: 'write: a second put replaces the whole object',
    async run({ objects }) {
      await objects.put('a', text('a long first version'));
      await objects.put('a', text('short'));
      assert.equal(await readText(objects, 'a'), 'short');
    },
  },
  {
    name: 'write: keys of any Unicode are objects of their own, whatever a file system thinks of them',
    async run({ objects }) {
      for (const key of oddKeys) await objects.put(key, text(key));
      for (const key of oddKeys) assert.equal(await readText(objects, key), key);
      const { objects: listed } = await objects.list();
      assert.deepEqual(new Set(listed.map(({ key }) => key)), new Set(oddKeys));
    },
  },
  {
    name: 'write: a key may continue another one, with and without a slash',
    async run({ objects }) {
      for (const key of ['a', 'a/b', 'a/b/c', 'ab']) await objects.put(key, text(key));
      await objects.delete('a/b');
      assert.equal(await readText(objects, 'a/b/c'), 'a/b/c');
      assert.equal(await readText(objects, 'a'), 'a');
      assert.equal(await objects.head('a/b'), undefined);
    },
  },
  {
    name: 'write: keys that could leave the store or mean two things are refused',
    async run({ objects }) {
      const bad = [
        '',
        '/',
        '/a',
        'a/',
        'a//b',
        '.',
        '..',
        '../a',
        'a/../b',
        'a/.',
        'a\u0000b',
        'a\nb',
        '\ud800',
        'x'.repeat(1025),
        'é'.repeat(513),
      ];
      for (const key of bad) {
        await rejectsWith('OBJECT_INVALID_KEY', () => objects.put(key, text('x')));
        await rejectsWith('OBJECT_INVALID_KEY', () => objects.get(key));
        await rejectsWith('OBJECT_INVALID_KEY', () => objects.head(key));
        await rejectsWith('OBJECT_INVALID_KEY', () => objects.delete(key));
      }
    },
  },
  {
    name: 'write: beyond the size bound it is refused, reading stops, and the old object stays',
    async run({ objects }) {
      await objects.put('a', text('old'));
      const endless = new CountingSource(Buffer.alloc(1000), Number.POSITIVE_INFINITY);
      await rejectsWith('OBJECT_TOO_LARGE', () => objects.put('a', endless, { maxBytes: 10_000 }));
      assert.equal(endless.pulled, 11);
      assert(endless.returned);
      assert.equal(await readText(objects, 'a'), 'old');
      await objects.put('a', Buffer.alloc(10_000), { maxBytes: 10_000 });
    },
  },
  {
    name: 'write: the store’s own size bound cannot be raised by a caller',
    async run({ harness }) {
      const small = await harness.open({ maxObjectBytes: 10 });
      await rejectsWith('OBJECT_TOO_LARGE', () => small.put('a', Buffer.alloc(11), { maxBytes: 1000 }));
      await small.put('a', Buffer.alloc(10));
      await small.close();
    },
  },
  {
    name: 'write: a source that fails fails the put with its own error and leaves nothing',
    async run({ objects }) {
      const failure = new Error('the camera caught fire');
      const source = async function* (): AsyncGenerator<Uint8Array, void> {
        yield text('some');
        throw failure;
      };
      await assert.rejects(objects.put('a', source()), failure);
      assert.deepEqual(await objects.list(), { objects: [], next: undefined });
    },
  },
  {
    name: 'write: an abort ends the put with its reason, even while the source hangs, and leaves the old object',
    async run({ objects }) {
      await objects.put('a', text('old'));
      const giveUp = new AbortController();
      const reason = new Error('enough');
      const source = async function* (): AsyncGenerator<Uint8Array, void> {
        yield text('some');
        setImmediate(() => giveUp.abort(reason));
        await new Promise(() => {});
      };
      await assert.rejects(objects.put('a', source(), { signal: giveUp.signal }), reason);
      await assert.rejects(objects.put('a', text('x'), { signal: giveUp.signal }), reason);
      assert.equal(await readText(objects, 'a'), 'old');
    },
  },
  {
    name: 'write: of concurrent puts one wins wholly',
    async run({ objects, other }) {
      const bodies = Array.from({ length: 10 }, (_, n) => String(n).repeat(50_000));
      await Promise.all(bodies.map((body, n) => (n % 2 ? objects : other).put('a', text(body))));
      assert(bodies.includes(await readText(objects, 'a')));
    },
  },
  {
    name: 'write: puts and deletes of neighbours do not disturb each other',
    async run({ objects, other }) {
      for (let round = 0; round < 30; round++) {
        await Promise.all([
          objects.put('deep/er/a', text('a')),
          other.delete('deep/er/b'),
          other.put('deep/er/b', text('b')),
          objects.delete('deep/er/c'),
        ]);
        await Promise.all([
          objects.delete('deep/er/a'),
          other.delete('deep/er/b'),
          objects.put('deep/er/c', text('c')),
        ]);
        assert.equal(await readText(objects, 'deep/er/c'), 'c');
      }
    },
  },
  {
    name: 'delete: it is idempotent',
    async run({ objects, other }) {
      await objects.put('a/b', text('x'));
      await objects.delete('a/b');
      await objects.delete('a/b');
      await objects.delete('never/there');
      assert.equal(await other.head('a/b'), undefined);
      await rejectsWith('OBJECT_NOT_FOUND', () => other.get('a/b'));
    },
  },
  {
    name: 'close: later calls are refused, opened bodies can be read to their end',
    async run({ objects, other }) {
      await objects.put('a', Buffer.alloc(200_000, 'x'));
      const content = await objects.get('a');
      await objects.close();
      await objects.close();
      await rejectsWith('OBJECTS_CLOSED', () => objects.get('a'));
      await rejectsWith('OBJECTS_CLOSED', () => objects.put('a', text('x')));
      assert.equal((await readAll(content)).length, 200_000);
      await other.ping();
    },
  },
];
