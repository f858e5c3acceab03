import { ServiceError } from '@frameworks/kit/errors';
import { FakeClock } from '@frameworks/std/fake-clock';
import { describeWith } from '@frameworks/testkit';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { guardKv } from './guard.ts';
import type { Kv } from './kv.ts';
import { memoryKv } from './memory/memory.ts';
import { MemoryStore } from './memory/store.ts';
import { type RedisHarness, redisHarness } from './redis/test-harness.ts';

const fuzzMs = Number(process.env.FUZZ_MS ?? 2000);

/** An operation on either kv, as data would not be: fast-check prints the label. `advance` is the harness's business. */
type Operation = { label: string; advanceMs?: number; run?: (kv: Kv, memo: Memo) => Promise<unknown> };

/** Positions differ between two stores by their nonces, so each run remembers its own. */
interface Memo {
  positions: string[];
}

const id = fc.constantFrom('a', 'b', 'c');
const value = fc.constantFrom('', '0', '7', '-3', 'x', 'π');
const field = fc.constantFrom('f', 'g');
// Multiples of ten seconds against advances of five more: real time that passes in Redis cannot tip the balance.
const ttl = fc.constantFrom(undefined, 10_000, 20_000, 60_000).map((ttlMs) => (ttlMs === undefined ? {} : { ttlMs }));
const version = fc.constantFrom(undefined, 0, 1, 2, 5).map((v) => (v === undefined ? {} : { expectedVersion: v }));
const absentOr = fc.option(value, { nil: undefined });

const key = (kv: Kv, of: string) => kv.key('thing', of);

const append: fc.Arbitrary<Operation> = fc
  .tuple(id, absentOr, version, fc.option(fc.nat({ max: 3 }), { nil: undefined }))
  .map(([entity, v, expected, fence]) =>
    op(`append ${entity} ${v} ${expected.expectedVersion} ${fence}`, async (kv, memo) => {
      const guard = fence === undefined ? {} : { guard: { lease: key(kv, 'a'), fence } };
      const answer = await kv.changelog('log', { maxEntries: 2 }).append({ entity, value: v, ...expected, ...guard });
      if (answer.status !== 'appended') return answer;
      memo.positions.push(answer.position);
      return answer.version;
    }),
  );

/** From one of the last positions. */
const read: fc.Arbitrary<Operation> = fc
  .tuple(fc.nat({ max: 5 }), fc.integer({ min: 1, max: 4 }))
  .map(([back, limit]) =>
    op(`read ${back} ${limit}`, async (kv, memo) => {
      const position = memo.positions.at(-1 - back) ?? '0-0';
      const answer = await kv.changelog('log').read(position, { limit, signal: AbortSignal.timeout(5000) });
      return answer.status === 'ok' ? answer.entries.map(({ position: _, ...entry }) => entry) : answer.status;
    }),
  );

/** The changelog weighs more: it takes several appends before a read tells anything. */
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.constantFrom(5_000, 15_000, 55_000).map((ms) => ({ label: `advance ${ms}`, advanceMs: ms })),
  fc.tuple(id, value, ttl).map(([k, v, t]) => op(`set ${k} ${v} ${t.ttlMs}`, (kv) => kv.set(key(kv, k), v, t))),
  fc.tuple(id, value, ttl).map(([k, v, t]) => op(`nx ${k} ${v} ${t.ttlMs}`, (kv) => kv.setIfAbsent(key(kv, k), v, t))),
  fc
    .tuple(id, absentOr, absentOr, ttl)
    .map(([k, expected, next, t]) =>
      op(`cas ${k} ${expected} ${next} ${t.ttlMs}`, (kv) => kv.compareAndSet(key(kv, k), { expected, next, ...t })),
    ),
  id.map((k) => op(`get ${k}`, (kv) => kv.get(key(kv, k)))),
  fc.array(id, { minLength: 1 }).map((ks) => op(`mget ${ks}`, (kv) => kv.getMany(ks.map((k) => key(kv, k))))),
  id.map((k) => op(`delete ${k}`, (kv) => kv.delete(key(kv, k)))),
  id.map((k) => op(`expire ${k}`, (kv) => kv.expire(key(kv, k), 20_000))),
  id.map((k) => op(`ttl ${k}`, async (kv) => roundTtl(await kv.ttl(key(kv, k))))),
  fc.tuple(id, field, value).map(([k, f, v]) => op(`hset ${k} ${f} ${v}`, (kv) => kv.hset(key(kv, k), { [f]: v }))),
  fc.tuple(id, field).map(([k, f]) => op(`hget ${k} ${f}`, (kv) => kv.hget(key(kv, k), f))),
  id.map((k) => op(`hgetall ${k}`, async (kv) => [...(await kv.hgetall(key(kv, k)))].sort())),
  fc.tuple(id, field).map(([k, f]) => op(`hdel ${k} ${f}`, (kv) => kv.hdel(key(kv, k), [f]))),
  fc
    .tuple(id, field, fc.constantFrom(1, -5, Number.MAX_SAFE_INTEGER))
    .map(([k, f, by]) => op(`hincr ${k} ${f} ${by}`, (kv) => kv.hincr(key(kv, k), f, by))),
  fc.constant(op('scan', async (kv) => (await kv.scan('thing')).ids.sort())),
  fc.tuple(id, fc.constantFrom('o', 'p'), fc.nat({ max: 6 })).map(([k, owner, seen]) =>
    op(`acquire ${k} ${owner} ${seen}`, async (kv) => {
      const request = { owner, ttlMs: 20_000, highestSeenFence: seen };
      const answer = await kv.acquireLease(key(kv, k), request);
      // A Redis that has just started suspects itself; the memory store never does.
      return answer.acquired ? answer.fence : { ...answer, remainingMs: roundTtl(answer.remainingMs) };
    }),
  ),
  fc
    .tuple(id, fc.constantFrom('o', 'p'), fc.integer({ min: 0, max: 6 }))
    .map(([k, owner, fence]) =>
      op(`renew ${k} ${owner} ${fence}`, (kv) => kv.renewLease(key(kv, k), { owner, fence, ttlMs: 20_000 })),
    ),
  fc
    .tuple(id, fc.constantFrom('o', 'p'), fc.integer({ min: 0, max: 6 }))
    .map(([k, owner, fence]) =>
      op(`release ${k} ${owner} ${fence}`, (kv) => kv.releaseLease(key(kv, k), { owner, fence })),
    ),
  id.map((k) =>
    op(`lease ${k}`, async (kv) => {
      const view = await kv.readLease(key(kv, k));
      // A key without a time to live that is no lease of ours shows as held for ever.
      return { ...view, remainingMs: roundTtl(view.remainingMs) };
    }),
  ),
  { weight: 4, arbitrary: append },
  fc.constant(
    op('snapshot', async (kv) => {
      const { position, entities } = await kv.changelog('log').snapshot();
      return [position.split('-')[0], entities.sort((a, b) => a.version - b.version)];
    }),
  ),
  { weight: 4, arbitrary: read },
);

function op(label: string, run: (kv: Kv, memo: Memo) => Promise<unknown>): Operation {
  return { label, run };
}

/** To the five seconds that the times of this test are multiples of. */
function roundTtl(ms: number | null | undefined): number | null | undefined {
  return typeof ms === 'number' ? Math.ceil(ms / 5000) : ms;
}

/** What came of an operation, errors included. */
async function outcome(kv: Kv, operation: Operation, memo: Memo): Promise<unknown> {
  try {
    return await operation.run?.(kv, memo);
  } catch (error) {
    if (error instanceof ServiceError) return `${error.code} ${error.reason}`;
    throw error;
  }
}

describeWith('redis', 'memory and redis are the same kv', (server) => {
  let harness: RedisHarness;
  beforeAll(() => {
    harness = redisHarness(server().url);
  });
  afterAll(() => harness.close());

  test('any sequence of operations gets the same answers from both', { timeout: fuzzMs + 60_000 }, async () => {
    const redis = await harness.open('same');
    const property = fc.asyncProperty(
      fc.array(operation, { minLength: 1, maxLength: 60, size: 'max' }),
      async (operations) => {
        await harness.wipe();
        const clock = new FakeClock();
        const memory = guardKv('same', memoryKv(new MemoryStore(clock), 'same'));
        const memos: [Memo, Memo] = [{ positions: [] }, { positions: [] }];
        for (const each of operations) {
          if (each.advanceMs !== undefined) {
            await clock.advance(each.advanceMs);
            await harness.advance(each.advanceMs);
            continue;
          }
          expect(await outcome(redis, each, memos[1]), each.label).toEqual(await outcome(memory, each, memos[0]));
        }
      },
    );
    await fc.assert(property, { numRuns: 1_000_000, interruptAfterTimeLimit: fuzzMs, markInterruptAsFailure: false });
    await redis.close();
  });
});
