import assert from 'node:assert/strict';
import { rejectsWith } from '../../testing/rejects-with.ts';
import type { Objects } from '../objects.ts';
import { type ObjectsCase, text } from './harness.ts';

/** Chosen so that a slash, what sorts below and above it, long segments and other scripts meet. */
const keys = [
  'a',
  'a!',
  'a-b',
  'a.b',
  'a/b',
  'a/b/c',
  'a/c',
  'a0',
  'ab',
  'B',
  'b/',
  'é',
  '日本',
  '🚀',
  '\uffee',
  `${'x'.repeat(64)}`,
  `${'x'.repeat(64)}!`,
  `${'x'.repeat(64)}/y`,
  `${'x'.repeat(64)}/y/z`,
  `${'x'.repeat(64)}0`,
  `${'x'.repeat(64)}-${'z'.repeat(70)}/w`,
  'x'.repeat(129),
].filter((key) => !key.endsWith('/'));

const sorted = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));

export const listCases: ObjectsCase[] = [
  {
    name: 'list: an empty store has one empty page',
    async run({ objects }) {
      assert.deepEqual(await objects.list(), { objects: [], next: undefined });
    },
  },
  {
    name: 'list: objects come in the byte order of their keys, with what head says of them',
    async run({ objects }) {
      for (const key of keys) await objects.put(key, text(key));
      const { objects: listed, next } = await objects.list();
      assert.deepEqual(
        listed.map(({ key }) => key),
        sorted,
      );
      assert.equal(next, undefined);
      for (const info of listed) assert.deepEqual(info, await objects.head(info.key));
    },
  },
  {
    name: 'list: pages of any size add up to the whole, without repetition',
    async run({ objects }) {
      for (const key of keys) await objects.put(key, text(key));
      for (const limit of [1, 2, 7, sorted.length - 1, sorted.length]) {
        assert.deepEqual(await listAll(objects, { limit }), sorted, `limit ${limit}`);
      }
    },
  },
  {
    name: 'list: a prefix is bytes, not directories; after may be any text',
    async run({ objects }) {
      for (const key of keys) await objects.put(key, text(key));
      for (const prefix of ['a', 'a/', 'a/b', 'x', 'x'.repeat(64), `${'x'.repeat(64)}/`, 'x'.repeat(100), '日', 'zz']) {
        const expected = sorted.filter((key) => key.startsWith(prefix));
        assert.deepEqual(await listAll(objects, { prefix, limit: 2 }), expected, prefix);
      }
      for (const after of [
        '',
        'a',
        'a/',
        'a/a',
        'a/b/',
        'x'.repeat(64),
        `${'x'.repeat(64)}.`,
        `${'x'.repeat(64)}0`,
        '\u{10ffff}',
      ]) {
        const expected = sorted.filter((key) => Buffer.compare(Buffer.from(key), Buffer.from(after)) > 0);
        const page = await objects.list({ after });
        assert.deepEqual(
          page.objects.map(({ key }) => key),
          expected,
          after,
        );
      }
    },
  },
  {
    name: 'list: what is there throughout is listed although others come and go between the pages',
    async run({ objects, other }) {
      const stay = Array.from({ length: 20 }, (_, n) => `s/${n + 10}`);
      for (const key of stay) await objects.put(key, text('x'));
      const seen: string[] = [];
      let after: string | undefined = '';
      for (let round = 0; after !== undefined; round++) {
        const page: Awaited<ReturnType<Objects['list']>> = await objects.list({ limit: 3, after });
        seen.push(...page.objects.map(({ key }) => key));
        await other.put(`s/${round}-new`, text('x'));
        await other.delete(`s/${round - 1}-new`);
        after = page.next;
      }
      assert.deepEqual(
        stay.filter((key) => !seen.includes(key)),
        [],
      );
      assert.equal(new Set(seen).size, seen.length);
    },
  },
  {
    name: 'list: senseless limits and prefixes are refused',
    async run({ objects }) {
      for (const limit of [0, 1001, 1.5]) await rejectsWith('OBJECTS_INVALID_ARGUMENT', () => objects.list({ limit }));
      await rejectsWith('OBJECTS_INVALID_LIST', () => objects.list({ prefix: '\ud800' }));
      await rejectsWith('OBJECTS_INVALID_LIST', () => objects.list({ after: 'x'.repeat(1025) }));
    },
  },
];

async function listAll(objects: Objects, options: { prefix?: string; limit: number }): Promise<string[]> {
  const all: string[] = [];
  let after: string | undefined;
  for (let pages = 0; pages < 1000; pages++) {
    const page = await objects.list({ ...options, ...(after === undefined ? {} : { after }) });
    assert(page.objects.length <= options.limit);
    all.push(...page.objects.map(({ key }) => key));
    after = page.next;
    if (after === undefined) return all;
  }
  assert.fail('the listing does not end');
}
