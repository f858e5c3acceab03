import assert from 'node:assert/strict';
import type { Kv } from '../kv.ts';
import type { KvCase } from './harness.ts';

export const scanCases: KvCase[] = [
  {
    name: 'scan: pages name every id of the noun and only those',
    async run({ kv }) {
      const ids = Array.from({ length: 250 }, (_, n) => `stream:${n}`);
      for (const id of ids) await kv.set(kv.key('stream', id), '1');
      await kv.set(kv.key('streams', 'no'), '1');
      await kv.hset(kv.key('stream', 'a-hash'), { f: '1' });
      assert.deepEqual(await scanAll(kv, 'stream', { pageSize: 20 }), new Set([...ids, 'a-hash']));
    },
  },
  {
    name: 'scan: a prefix is literal, whatever it contains',
    async run({ kv }) {
      const ids = ['a*', 'a*b', 'ab', 'a?', 'a[b]', 'a\\', 'a{b}', 'a^-', 'π*', 'A*'];
      for (const id of ids) await kv.set(kv.key('odd', id), '1');
      for (const idPrefix of ['a*', 'a?', 'a[', 'a\\', 'a{', 'a^', 'π', 'a', 'b']) {
        const expected = new Set(ids.filter((id) => id.startsWith(idPrefix)));
        assert.deepEqual(await scanAll(kv, 'odd', { idPrefix }), expected, idPrefix);
      }
    },
  },
  {
    name: 'scan: another cell is invisible',
    async run({ kv, harness }) {
      const elsewhere = await harness.open(`${kv.cell}-2`);
      await elsewhere.set(elsewhere.key('stream', 'theirs'), '1');
      await kv.set(kv.key('stream', 'ours'), '1');
      assert.deepEqual(await scanAll(kv, 'stream'), new Set(['ours']));
      await elsewhere.close();
    },
  },
  {
    name: 'scan: ids that stay are named although others come and go between the pages',
    async run({ kv, other }) {
      const stay = Array.from({ length: 100 }, (_, n) => `stay-${n}`);
      for (const id of stay) await kv.set(kv.key('stream', id), '1');
      for (let n = 0; n < 100; n++) await kv.set(kv.key('stream', `go-${n}`), '1');
      const seen = new Set<string>();
      let cursor: string | undefined;
      let round = 0;
      do {
        const page = await kv.scan('stream', { pageSize: 10, ...(cursor === undefined ? {} : { cursor }) });
        for (const id of page.ids) seen.add(id);
        await other.delete(kv.key('stream', `go-${round}`));
        await other.set(kv.key('stream', `come-${round}`), '1');
        cursor = page.cursor;
        round += 1;
        assert(round < 1000, 'the scan does not end');
      } while (cursor !== undefined);
      assert.deepEqual(
        stay.filter((id) => !seen.has(id)),
        [],
      );
    },
  },
];

async function scanAll(
  kv: Kv,
  noun: string,
  options: { idPrefix?: string; pageSize?: number } = {},
): Promise<Set<string>> {
  const ids = new Set<string>();
  let cursor: string | undefined;
  for (let pages = 0; pages < 1000; pages++) {
    const page = await kv.scan(noun, { ...options, ...(cursor === undefined ? {} : { cursor }) });
    for (const id of page.ids) ids.add(id);
    cursor = page.cursor;
    if (cursor === undefined) return ids;
  }
  assert.fail('the scan does not end');
}
