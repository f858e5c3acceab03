import { FakeClock } from '@frameworks/std/fake-clock';
import { systemClock } from '@frameworks/std/system-clock';
import { describe, expect, test } from 'vitest';
import { rejectsWith } from '../../testing/rejects-with.ts';
import { kvCases } from '../conformance/cases.ts';
import { type KvHarness, runKvCase } from '../conformance/harness.ts';
import { guardKv } from '../guard.ts';
import { openKv } from '../open.ts';
import { memoryKv, wipeMemoryKv } from './memory.ts';
import { MemoryStore } from './store.ts';

function harness(): KvHarness {
  const clock = new FakeClock();
  const store = new MemoryStore(clock);
  return {
    open: async (cell) => guardKv(cell, memoryKv(store, cell)),
    advance: (ms) => clock.advance(ms),
    wipe: async () => store.wipe(),
  };
}

describe('kv conformance: memory', () => {
  for (const kvCase of kvCases) test(kvCase.name, () => runKvCase(kvCase, harness()));
});

describe('memory kv', () => {
  const options = { cell: 'c1', clock: systemClock };

  test('one name is one store in a process, also after everyone closed it; no name is a store of one’s own', async () => {
    const first = await openKv('memory:shared', options);
    await first.set(first.key('thing', 'x'), '1');
    await first.close();
    const second = await openKv('memory:shared', options);
    expect(await second.get(second.key('thing', 'x'))).toBe('1');
    wipeMemoryKv('shared');
    expect(await second.get(second.key('thing', 'x'))).toBeUndefined();
    const [a, b] = [await openKv('memory:', options), await openKv('memory:', options)];
    await a.set(a.key('thing', 'x'), '1');
    expect(await b.get(b.key('thing', 'x'))).toBeUndefined();
  });

  test('one store under two clocks is refused', async () => {
    await openKv('memory:clocked', options);
    await rejectsWith('KV_CLOCK_MISMATCH', () => openKv('memory:clocked', { ...options, clock: new FakeClock() }));
  });

  test('it holds a bounded number of keys and makes room from what expired', async () => {
    const clock = new FakeClock();
    const kv = guardKv('c1', memoryKv(new MemoryStore(clock, 3), 'c1'));
    for (const id of ['a', 'b', 'c']) await kv.set(kv.key('thing', id), '1', { ttlMs: 1000 });
    const error = await rejectsWith('KV_FULL', () => kv.set(kv.key('thing', 'd'), '1'));
    expect(error.code).toBe('RESOURCE_EXHAUSTED');
    await kv.set(kv.key('thing', 'a'), '2', { ttlMs: 1000 });
    await clock.advance(1000);
    await kv.set(kv.key('thing', 'd'), '1');
  });

  test('a full store grants no lease by halves', async () => {
    const store = new MemoryStore(new FakeClock(), 2);
    store.wipe();
    const kv = guardKv('c1', memoryKv(store, 'c1'));
    const key = kv.key('leader', 'x');
    await rejectsWith('KV_FULL', () => kv.acquireLease(key, { owner: 'a', ttlMs: 1000 }));
    expect((await kv.readLease(key)).owner).toBeUndefined();
  });

  test.each(['', 'redis', 'http://x', 'memory', 'postgres://x', 'redis://', 'redis://h/x', 'redis://h?x=1'])(
    'the URL %j is refused by name',
    async (url) => {
      await rejectsWith('KV_INVALID_URL', () => openKv(url, options));
    },
  );

  test('an invalid cell is refused', async () => {
    await rejectsWith('KV_INVALID_KEY', () => openKv('memory:', { ...options, cell: 'No Slug' }));
  });
});
