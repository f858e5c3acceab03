import { FakeClock } from '@frameworks/std/fake-clock';
import { expect, test } from 'vitest';
import { follow } from './follow.ts';
import { guardKv } from './guard.ts';
import { memoryKv } from './memory/memory.ts';
import { MemoryStore } from './memory/store.ts';

function setUp() {
  const clock = new FakeClock();
  const store = new MemoryStore(clock);
  const log = guardKv('c1', memoryKv(store, 'c1')).changelog('streams', { maxEntries: 5 });
  const giveUp = new AbortController();
  const seen: string[] = [];
  const following = (async () => {
    for await (const event of follow(log, giveUp.signal)) {
      if (event.kind === 'change') seen.push(`${event.entry.entity}=${event.entry.value}`);
      else seen.push(`[${event.entities.map(({ entity, value }) => `${entity}=${value}`)}]`);
    }
  })();
  return { clock, store, log, giveUp, seen, following };
}

test('a follower gets the state, then every change, and ends with the reason of its signal', async () => {
  const { clock, log, giveUp, seen, following } = setUp();
  await clock.advance(1);
  await log.append({ entity: 'a', value: '1' });
  await clock.advance(100_000);
  await log.append({ entity: 'a', value: undefined });
  await clock.advance(1);
  expect(seen).toEqual(['[]', 'a=1', 'a=undefined']);
  const reason = new Error('enough');
  giveUp.abort(reason);
  await expect(following).rejects.toBe(reason);
  expect(clock.sleepers).toBe(0);
});

test('a follower that missed changes gets the whole state again instead of a gap', async () => {
  const { clock, store, log, giveUp, seen, following } = setUp();
  await clock.advance(1);
  await Promise.all(Array.from({ length: 8 }, (_, n) => log.append({ entity: 'a', value: String(n) })));
  await clock.advance(1);
  expect(seen.at(-1)).toMatch(/a=7/);
  store.wipe();
  await log.append({ entity: 'b', value: 'new' });
  await clock.advance(1000);
  expect(seen.at(-1)).toBe('[b=new]');
  giveUp.abort();
  await expect(following).rejects.toThrow();
});
