import { FakeClock } from '@frameworks/std/fake-clock';
import { expect, onTestFinished, test, vi } from 'vitest';
import { guardKv } from './guard.ts';
import { Contender } from './leader-simulation.ts';
import type { LeaderState } from './leader-state.ts';
import { memoryKv } from './memory/memory.ts';
import { MemoryStore } from './memory/store.ts';

const ttlMs = 1000;

function setUp(count: number) {
  const clock = new FakeClock();
  const store = new MemoryStore(clock);
  const kv = guardKv('c1', memoryKv(store, 'c1'));
  const key = kv.key('leader', 'federation');
  const contenders = Array.from(
    { length: count },
    (_, n) => new Contender(kv, { key, owner: `o${n}`, ttlMs, clock, rate: 1 }),
  );
  onTestFinished(async () => {
    for (const contender of contenders) contender.resume();
    await Promise.all(contenders.map(({ election }) => election.stop()));
    expect(clock.sleepers).toBe(0);
  });
  const leaders = () => contenders.filter(({ election }) => election.leadership() !== undefined);
  // Reads like "the one at that place"; a test that names a place not set up fails here.
  const at = (place: number): Contender => contenders[place] ?? expect.fail(`no contender ${place}`);
  return { clock, store, kv, key, contenders, leaders, at };
}

test('one of many leads, and keeps leading while it renews', async () => {
  const { clock, contenders, leaders } = setUp(3);
  for (const { election } of contenders) election.start();
  await clock.advance(1);
  const [first] = leaders();
  for (let n = 0; n < 50; n++) {
    await clock.advance(ttlMs / 3);
    expect(leaders()).toEqual([first]);
  }
});

test('a planned stop hands over without waiting for the lease', async () => {
  const { clock, leaders, at } = setUp(2);
  at(0).election.start();
  await clock.advance(1);
  at(1).election.start();
  await clock.advance(1);
  const reign = at(0).election.leadership();
  await at(0).election.stop();
  expect(reign?.signal.aborted).toBe(true);
  await clock.advance(0);
  expect(leaders()).toEqual([at(1)]);
  expect(at(1).election.leadership()?.fence).toBeGreaterThan(reign?.fence ?? Number.NaN);
});

test('a leader without kv leads to just before the end of its lease, and nobody else meanwhile', async () => {
  const { clock, leaders, at } = setUp(2);
  at(0).election.start();
  await clock.advance(1);
  at(1).election.start();
  at(0).link = 'down';
  await clock.advance(ttlMs * 0.85);
  expect(leaders()).toEqual([at(0)]);
  await clock.advance(ttlMs * 0.06);
  expect(leaders()).toEqual([]);
  expect(at(0).election.state.kind).toBe('follower');
  await clock.advance(ttlMs * 0.1 + 500);
  expect(leaders()).toEqual([at(1)]);
});

test('an outage shorter than the lease changes nothing', async () => {
  const { clock, leaders, at } = setUp(2);
  at(0).election.start();
  await clock.advance(1);
  at(1).election.start();
  for (const place of [0, 1]) at(place).link = 'down';
  await clock.advance(ttlMs * 0.6);
  for (const place of [0, 1]) at(place).link = 'up';
  await clock.advance(ttlMs * 3);
  expect(leaders()).toEqual([at(0)]);
});

test('a paused leader finds out when it asks, before any of its timers has fired', async () => {
  const { clock, leaders, at } = setUp(2);
  at(0).election.start();
  await clock.advance(1);
  at(1).election.start();
  at(0).pause();
  await clock.advance(ttlMs + 600);
  expect(leaders()).toEqual([at(1)]);
  expect(at(0).election.state.kind).toBe('follower');
  at(0).resume();
  await clock.advance(1);
  expect(leaders()).toEqual([at(1)]);
});

test('the signal of a leadership aborts when it ends', async () => {
  const { clock, at } = setUp(1);
  at(0).election.start();
  await clock.advance(1);
  const reign = at(0).election.leadership();
  at(0).link = 'down';
  await clock.advance(ttlMs * 0.85);
  expect(reign?.signal.aborted).toBe(false);
  await clock.advance(ttlMs * 0.06);
  expect(reign?.signal.aborted).toBe(true);
});

test('a leader that finds the kv empty after a loss holds the lease but waits one time to live before it acts', async () => {
  const { clock, store, leaders, at } = setUp(2);
  at(0).election.start();
  await clock.advance(1);
  at(1).election.start();
  await clock.advance(1);
  at(0).pause();
  store.wipe();
  await clock.advance(1);
  expect(at(1).election.state.kind).toBe('settling');
  expect(leaders()).toEqual([at(0)]);
  await clock.advance(ttlMs - 10);
  expect(leaders()).toEqual([]);
  await clock.advance(10);
  expect(leaders()).toEqual([at(1)]);
});

test('wall-clock jumps do not matter', async () => {
  const { clock, leaders, at } = setUp(2);
  for (const place of [0, 1]) at(place).election.start();
  await clock.advance(1);
  const before = leaders();
  for (const nowMs of [0, 4e12, 1e12]) {
    clock.setNow(nowMs);
    await clock.advance(ttlMs / 2);
    expect(leaders()).toEqual(before);
  }
});

test('listeners and iterators hear of every change of kind, stopped being the last', async () => {
  const { clock, at } = setUp(1);
  const { election } = at(0);
  const heard: string[] = [];
  using _subscription = election.subscribe((state: LeaderState) => heard.push(state.kind));
  const iterated: string[] = [];
  const iterating = (async () => {
    for await (const state of election.changes(new AbortController().signal)) iterated.push(state.kind);
  })();
  election.start();
  await clock.advance(1);
  at(0).link = 'down';
  await clock.advance(ttlMs);
  at(0).link = 'up';
  await clock.advance(ttlMs);
  await election.stop();
  await iterating;
  expect(heard).toEqual(['leader', 'follower', 'leader', 'stopped']);
  expect([...new Set(iterated)]).toEqual(['follower', 'leader', 'stopped']);
  expect(iterated.at(-1)).toBe('stopped');
});

test('stop while the acquisition is under way leaves no lease behind', async () => {
  const { clock, kv, key, at } = setUp(1);
  at(0).pause();
  at(0).election.start();
  await clock.advance(1);
  expect((await kv.readLease(key)).owner).toBe('o0');
  const stopping = at(0).election.stop();
  at(0).resume();
  await stopping;
  expect((await kv.readLease(key)).owner).toBeUndefined();
});

test('whoever stops it a second time waits for the same end: the lease is free by then', async () => {
  const { clock, kv, key, at } = setUp(1);
  at(0).election.start();
  await clock.advance(1);
  const first = at(0).election.stop();
  await at(0).election.stop();
  expect((await kv.readLease(key)).owner).toBeUndefined();
  await first;
});

test('whoever leaves the iteration of changes leaves nothing behind on its signal', async () => {
  const { at } = setUp(1);
  const { signal } = new AbortController();
  const removed = vi.spyOn(signal, 'removeEventListener');
  for await (const _state of at(0).election.changes(signal)) break;
  expect(removed).toHaveBeenCalledOnce();
});
