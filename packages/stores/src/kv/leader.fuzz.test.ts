import { FakeClock } from '@frameworks/std/fake-clock';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { guardKv } from './guard.ts';
import { Contender, type Link } from './leader-simulation.ts';
import { memoryKv } from './memory/memory.ts';
import { MemoryStore } from './memory/store.ts';

const ttlMs = 1000;
const fuzzMs = Number(process.env.FUZZ_MS ?? 2000);

const who = fc.nat({ max: 3 });
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 1500 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('pause' as const, 'resume' as const), who }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('link' as const),
      who,
      link: fc.constantFrom<Link>('up', 'up', 'down', 'answers-lost'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const), who }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wall-clock' as const), nowMs: fc.nat({ max: 4e12 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wipe' as const) }) },
);

/** Clocks of healthy machines differ by far less; this is half of the margin. */
const rates = fc.array(fc.double({ min: 0.96, max: 1.04, noNaN: true }), { minLength: 4, maxLength: 4 });

test('never two leaders, and fences rise, whatever happens to processes, clocks and the kv', {
  timeout: fuzzMs + 60_000,
}, async () => {
  const property = fc.asyncProperty(rates, fc.array(step, { maxLength: 40 }), async (paces, steps) => {
    const world = new World(paces);
    try {
      for (const each of steps) await world.play(each);
    } finally {
      await world.end();
    }
    await world.expectRecovery();
  });
  await fc.assert(property, { numRuns: 100_000, interruptAfterTimeLimit: fuzzMs, markInterruptAsFailure: false });
});

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

interface Reign {
  contender: Contender;
  fence: number;
  life: number;
}

function isSame(a: Reign, b: Reign): boolean {
  return a.contender === b.contender && a.fence === b.fence && a.life === b.life;
}

function isAfter(a: Reign): (b: Reign) => boolean {
  return (b) => b.life > a.life || (b.life === a.life && b.fence > a.fence);
}

class World {
  readonly clock = new FakeClock();
  readonly store = new MemoryStore(this.clock);
  readonly kv = guardKv('c1', memoryKv(this.store, 'c1'));
  readonly paces: readonly number[];
  contenders: Contender[];
  /** How often the store lost everything. Fences rise within one life; a newcomer after a loss may start low again. */
  lives = 0;
  last: Reign | undefined;

  constructor(paces: readonly number[]) {
    this.paces = paces;
    this.contenders = paces.map((_, n) => this.enter(n));
  }

  enter(n: number): Contender {
    const { kv, clock } = this;
    const key = kv.key('leader', 'federation');
    const contender = new Contender(kv, {
      key,
      owner: `o${n}`,
      ttlMs,
      clock,
      rate: this.paces[n] ?? 1,
      life: () => this.lives,
    });
    contender.election.start();
    return contender;
  }

  async play(each: Step): Promise<void> {
    if (each.kind === 'advance') return await this.advance(each.ms);
    if (each.kind === 'wall-clock') return this.clock.setNow(each.nowMs);
    if (each.kind === 'wipe') {
      this.lives += 1;
      return this.store.wipe();
    }
    const contender = this.contenders[each.who];
    if (contender === undefined) return;
    if (each.kind === 'pause') contender.pause();
    if (each.kind === 'resume') contender.resume();
    if (each.kind === 'link') contender.link = each.link;
    if (each.kind === 'restart') await this.restart(each.who, contender);
    this.check();
  }

  async restart(n: number, contender: Contender): Promise<void> {
    contender.resume();
    await contender.election.stop();
    this.contenders[n] = this.enter(n);
  }

  /** In small steps, so that a moment of two leaders is not stepped over. */
  async advance(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 23) {
      await this.clock.advance(Math.min(left, 23));
      this.check();
    }
  }

  check(): void {
    const reigns = this.reigns();
    expect(reigns.length).toBeLessThanOrEqual(1);
    for (const reign of reigns) {
      if (this.last !== undefined && !isSame(this.last, reign)) expect(reign).toSatisfy(isAfter(this.last));
      this.last = reign;
    }
  }

  reigns(): Reign[] {
    return this.contenders.flatMap((contender) => {
      const fence = contender.election.leadership()?.fence;
      return fence === undefined ? [] : [{ contender, fence, life: contender.grants.get(fence) ?? Number.NaN }];
    });
  }

  async end(): Promise<void> {
    for (const contender of this.contenders) {
      contender.link = 'up';
      contender.resume();
    }
  }

  /** With everything mended somebody leads: waiting out a lease, then settling for another, then polling. */
  async expectRecovery(): Promise<void> {
    await this.advance(ttlMs * 4);
    expect(this.reigns().length).toBe(1);
    for (const { election } of this.contenders) await election.stop();
    expect(this.clock.sleepers).toBe(0);
  }
}
