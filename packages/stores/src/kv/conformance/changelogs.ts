import assert from 'node:assert/strict';
import type { AppendAnswer, Changelog } from '../changelog.ts';
import { startPosition } from '../changelog.ts';
import type { KvCase } from './harness.ts';
import { patience } from './harness.ts';

export const changelogCases: KvCase[] = [
  {
    name: 'changelog: an unwritten one is empty at the start position',
    async run({ kv }) {
      const log = kv.changelog('empty');
      assert.deepEqual(await log.snapshot(), { position: startPosition, entities: [] });
      assert.deepEqual(await log.read(startPosition, { signal: patience() }), {
        status: 'ok',
        entries: [],
        position: startPosition,
      });
    },
  },
  {
    name: 'changelog: entries are read in order of their appends, with rising versions',
    async run({ kv, other }) {
      const log = kv.changelog('streams');
      const appended = [];
      for (const [entity, value] of [
        ['a', '1'],
        ['b', ''],
        ['a', '2'],
        ['b', undefined],
      ] as const) {
        appended.push({ ...expectAppended(await log.append({ entity, value })), entity, value });
      }
      const answer = await other.changelog('streams').read(startPosition, { signal: patience() });
      assert(answer.status === 'ok');
      assert.deepEqual(answer.entries, appended);
      assert.deepEqual(
        answer.entries.map(({ version }) => version),
        [1, 2, 3, 4],
      );
    },
  },
  {
    name: 'changelog: a read continues after its position and stops at its limit',
    async run({ kv }) {
      const log = kv.changelog('pages');
      for (let n = 1; n <= 7; n++) await log.append({ entity: `e${n}`, value: String(n) });
      const seen: string[] = [];
      let position: string = startPosition;
      for (const expected of [3, 3, 1, 0]) {
        const page = await log.read(position, { limit: 3, signal: patience() });
        assert(page.status === 'ok');
        assert.equal(page.entries.length, expected);
        seen.push(...page.entries.map(({ entity }) => entity));
        position = page.position;
      }
      assert.deepEqual(seen, ['e1', 'e2', 'e3', 'e4', 'e5', 'e6', 'e7']);
    },
  },
  {
    name: 'changelog: a snapshot holds what is, and its position misses nothing after it',
    async run({ kv }) {
      const log = kv.changelog('snap');
      await log.append({ entity: 'gone', value: 'x' });
      await log.append({ entity: 'kept', value: 'a:b:c' });
      await log.append({ entity: 'gone', value: undefined });
      const { position, entities } = await log.snapshot();
      assert.deepEqual(entities, [{ entity: 'kept', version: 2, value: 'a:b:c' }]);
      const after = expectAppended(await log.append({ entity: 'gone', value: 'again' }));
      const answer = await log.read(position, { signal: patience() });
      assert(answer.status === 'ok');
      assert.deepEqual(answer.entries, [{ ...after, entity: 'gone', value: 'again' }]);
    },
  },
  {
    name: 'changelog: snapshot plus replay equals the state, whatever is written meanwhile',
    async run({ kv, other }) {
      const [writer, reader] = [kv.changelog('race'), other.changelog('race')];
      const writes = (async () => {
        for (let n = 0; n < 120; n++)
          await writer.append({ entity: `e${n % 7}`, value: n % 5 ? String(n) : undefined });
      })();
      await new Promise((resolve) => setImmediate(resolve));
      const { position, entities } = await reader.snapshot();
      await writes;
      const state = new Map(entities.map(({ entity, value }) => [entity, value]));
      const rest = await reader.read(position, { limit: 1000, signal: patience() });
      assert(rest.status === 'ok');
      for (const { entity, value } of rest.entries)
        value === undefined ? state.delete(entity) : state.set(entity, value);
      const truth = (await writer.snapshot()).entities;
      assert.deepEqual(state, new Map(truth.map(({ entity, value }) => [entity, value])));
    },
  },
  {
    name: 'changelog: an append with the wrong expected version conflicts and writes nothing',
    async run({ kv }) {
      const log = kv.changelog('guarded');
      assert.deepEqual(await log.append({ entity: 'a', value: '1', expectedVersion: 3 }), {
        status: 'conflict',
        version: 0,
      });
      const { version } = expectAppended(await log.append({ entity: 'a', value: '1', expectedVersion: 0 }));
      assert.deepEqual(await log.append({ entity: 'a', value: '2', expectedVersion: 0 }), {
        status: 'conflict',
        version,
      });
      expectAppended(await log.append({ entity: 'b', value: '1' }));
      expectAppended(await log.append({ entity: 'a', value: undefined, expectedVersion: version }));
      assert.deepEqual(await log.append({ entity: 'a', value: undefined }), { status: 'unchanged' });
      assert.deepEqual(
        (await log.snapshot()).entities.map(({ entity }) => entity),
        ['b'],
      );
    },
  },
  {
    name: 'changelog: versions of an entity rise across its deletion',
    async run({ kv }) {
      const log = kv.changelog('again');
      const first = expectAppended(await log.append({ entity: 'a', value: '1' }));
      await log.append({ entity: 'a', value: undefined });
      const second = expectAppended(await log.append({ entity: 'a', value: '1', expectedVersion: 0 }));
      assert(second.version > first.version);
    },
  },
  {
    name: 'changelog: an append guarded by an outlived fence is refused',
    async run({ kv, other }) {
      const [log, lease] = [kv.changelog('fenced'), kv.key('conn_owner', 'node-1')];
      const old = await kv.acquireLease(lease, { owner: 'a', ttlMs: 60_000 });
      assert(old.acquired);
      expectAppended(await log.append({ entity: 'n', value: 'a', guard: { lease, fence: old.fence } }));
      await kv.releaseLease(lease, { owner: 'a', fence: old.fence });
      const next = await other.acquireLease(lease, { owner: 'b', ttlMs: 60_000 });
      assert(next.acquired);
      assert.deepEqual(await log.append({ entity: 'n', value: 'late', guard: { lease, fence: old.fence } }), {
        status: 'fenced',
        highestFence: next.fence,
      });
      expectAppended(await log.append({ entity: 'n', value: 'b', guard: { lease, fence: next.fence } }));
    },
  },
  {
    name: 'changelog: a position that was dropped is answered truncated, one still kept is not',
    async run({ kv }) {
      const log = kv.changelog('short', { maxEntries: 5 });
      const positions: string[] = [];
      for (let n = 0; n < 8; n++)
        positions.push(expectAppended(await log.append({ entity: 'e', value: String(n) })).position);
      const statuses = [];
      for (const position of [startPosition, ...positions]) {
        statuses.push((await log.read(position, { signal: patience() })).status);
      }
      assert.deepEqual(statuses, [...Array(4).fill('truncated'), ...Array(5).fill('ok')]);
    },
  },
  {
    name: 'changelog: a position of before the store lost everything is answered truncated',
    async run({ kv, harness }) {
      const log = kv.changelog('lost');
      const before = expectAppended(await log.append({ entity: 'a', value: '1' })).position;
      await harness.wipe();
      assert.equal((await log.read(before, { signal: patience() })).status, 'truncated');
      await log.append({ entity: 'a', value: '1' });
      assert.equal((await log.read(before, { signal: patience() })).status, 'truncated');
    },
  },
  {
    name: 'changelog: a waiting read is woken by an append of another client',
    async run({ kv, other }) {
      const reading = other.changelog('wake').read(startPosition, { waitMs: 60_000, signal: patience(5000) });
      await other.ping();
      await kv.changelog('wake').append({ entity: 'a', value: '1' });
      const answer = await reading;
      assert(answer.status === 'ok');
      assert.deepEqual(
        answer.entries.map(({ value }) => value),
        ['1'],
      );
    },
  },
  {
    name: 'changelog: a waiting read with nothing to tell ends after waitMs, empty, at its position',
    async run({ kv, harness }) {
      const log = kv.changelog('quiet');
      const { position } = expectAppended(await log.append({ entity: 'a', value: '1' }));
      const reading = log.read(position, { waitMs: 50, signal: patience() });
      await harness.advance(60);
      assert.deepEqual(await reading, { status: 'ok', entries: [], position });
    },
  },
  {
    name: 'changelog: an aborted read rejects with the reason of its signal',
    async run({ kv }) {
      const giveUp = new AbortController();
      const reading = kv.changelog('quiet').read(startPosition, { waitMs: 60_000, signal: giveUp.signal });
      const reason = new Error('enough');
      giveUp.abort(reason);
      await assert.rejects(reading, reason);
    },
  },
  {
    name: 'changelog: logs of different names and cells are apart',
    async run({ kv, harness }) {
      const elsewhere = await harness.open(`${kv.cell}-2`);
      await kv.changelog('a').append({ entity: 'e', value: '1' });
      const logs: Changelog[] = [kv.changelog('b'), elsewhere.changelog('a')];
      for (const log of logs) assert.equal((await log.snapshot()).entities.length, 0);
      await elsewhere.close();
    },
  },
];

function expectAppended(answer: AppendAnswer): { version: number; position: string } {
  assert(answer.status === 'appended', `expected an append, got ${answer.status}`);
  const { version, position } = answer;
  return { version, position };
}
