import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Mailbox, MailboxClosed, type Overflow } from './mailbox.ts';

const refuse: Overflow<number> = { kind: 'refuse' };
const dropOldest: Overflow<number> = { kind: 'drop-oldest' };
const dropLowest: Overflow<number> = { kind: 'drop-lowest', priority: (n) => Math.trunc(n / 10) };

function fill(overflow: Overflow<number>, items: readonly number[], capacity = 3) {
  const dropped: number[] = [];
  const mailbox = new Mailbox<number>({ capacity, overflow, onDrop: (item) => dropped.push(item) });
  const accepted = items.map((item) => mailbox.push(item));
  const inside: number[] = [];
  for (let item = mailbox.poll(); item !== undefined; item = mailbox.poll()) inside.push(item);
  return { accepted, dropped, inside };
}

describe('Mailbox overflow', () => {
  it.each([
    ['refuses the newcomer', refuse, [1, 2, 3, 4], [true, true, true, false], [], [1, 2, 3]],
    ['drops the oldest', dropOldest, [1, 2, 3, 4, 5], [true, true, true, true, true], [1, 2], [3, 4, 5]],
    ['drops the oldest of the lowest', dropLowest, [20, 11, 12, 30], [true, true, true, true], [11], [20, 12, 30]],
    ['refuses a newcomer below all', dropLowest, [20, 21, 22, 10], [true, true, true, false], [], [20, 21, 22]],
    ['prefers the newcomer among equals', dropLowest, [20, 21, 22, 23], [true, true, true, true], [20], [21, 22, 23]],
  ])('%s', (_name, overflow, items, accepted, dropped, inside) => {
    expect(fill(overflow, items)).toEqual({ accepted, dropped, inside });
  });
});

describe('Mailbox', () => {
  it('hands items to waiting takers in the order they came', async () => {
    const mailbox = new Mailbox<number>({ capacity: 1, overflow: refuse });
    const takers = [mailbox.take(), mailbox.take()];
    expect([mailbox.push(1), mailbox.push(2), mailbox.push(3), mailbox.push(4)]).toEqual([true, true, true, false]);
    expect(await Promise.all(takers)).toEqual([1, 2]);
    expect(mailbox.counters).toEqual({ accepted: 3, refused: 1, dropped: 0, taken: 2, depth: 1, highWater: 1 });
  });

  it('gives nothing to a taker that has left', async () => {
    const mailbox = new Mailbox<number>({ capacity: 1, overflow: refuse });
    const stop = new AbortController();
    const left = mailbox.take(stop.signal);
    stop.abort(new Error('enough'));
    await expect(left).rejects.toThrow('enough');
    mailbox.push(1);
    expect(await mailbox.take()).toBe(1);
  });

  it('drains what is inside after close, then ends', async () => {
    const mailbox = new Mailbox<number>({ capacity: 3, overflow: refuse });
    mailbox.push(1);
    mailbox.push(2);
    mailbox.close();
    expect(mailbox.push(3)).toBe(false);
    expect(await collect(mailbox.drain())).toEqual([1, 2]);
    await expect(mailbox.take()).rejects.toThrow(MailboxClosed);
  });

  it('wakes those who wait when it closes', async () => {
    const mailbox = new Mailbox<number>({ capacity: 1, overflow: refuse });
    const drained = collect(mailbox.drain());
    const taker = expect(mailbox.take()).rejects.toThrow(MailboxClosed);
    mailbox.close();
    await taker;
    expect(await drained).toEqual([]);
  });

  it('agrees with a plain list, whatever happens', () => {
    const steps = fc.array(fc.oneof(fc.nat(39), fc.constant('poll' as const)), { maxLength: 200 });
    const policies = fc.constantFrom(refuse, dropOldest, dropLowest);
    fc.assert(
      fc.property(steps, policies, fc.integer({ min: 1, max: 20 }), (script, overflow, capacity) => {
        const mailbox = new Mailbox<number>({ capacity, overflow });
        const model: number[] = [];
        for (const step of script) {
          if (step === 'poll') expect(mailbox.poll()).toBe(model.shift());
          else expect(mailbox.push(step)).toBe(modelPush(model, step, overflow, capacity));
          const { accepted, dropped, taken, depth, highWater } = mailbox.counters;
          expect(depth).toBe(model.length);
          expect(accepted).toBe(taken + dropped + depth);
          expect(highWater).toBeLessThanOrEqual(capacity);
        }
      }),
    );
  });
});

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

function modelPush(model: number[], item: number, overflow: Overflow<number>, capacity: number): boolean {
  if (model.length === capacity) {
    if (overflow.kind === 'refuse') return false;
    const priorities = model.map(overflow.kind === 'drop-lowest' ? overflow.priority : () => 0);
    const lowest = Math.min(...priorities);
    if (overflow.kind === 'drop-lowest' && overflow.priority(item) < lowest) return false;
    model.splice(priorities.indexOf(lowest), 1);
  }
  model.push(item);
  return true;
}
