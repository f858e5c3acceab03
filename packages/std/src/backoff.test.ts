import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoff, backoffCeiling, retry } from './backoff.ts';
import { FakeClock } from './fake-clock.ts';

const policy = { baseMs: 100, maxMs: 1_000 };

describe('backoff', () => {
  it('doubles its ceiling up to the maximum', () => {
    expect([0, 1, 2, 3, 4, 5].map((attempt) => backoffCeiling(attempt, policy))).toEqual([
      100, 200, 400, 800, 1_000, 1_000,
    ]);
  });

  it('is between 0 and its ceiling, for any attempt and policy', () => {
    const numbers = fc.record({
      attempt: fc.nat(10_000),
      baseMs: fc.nat(100_000),
      maxMs: fc.nat(1_000_000),
      factor: fc.double({ min: 1, max: 10, noNaN: true }),
      random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    });
    fc.assert(
      fc.property(numbers, ({ attempt, random, ...some }) => {
        const waitMs = backoff(attempt, some, () => random);
        expect(waitMs).toBeGreaterThanOrEqual(0);
        expect(waitMs).toBeLessThanOrEqual(some.maxMs);
        expect(waitMs).toBe(random * backoffCeiling(attempt, some));
      }),
    );
  });
});

describe('retry', () => {
  const options = (clock: FakeClock) => ({ policy, clock, random: () => 0.5 });

  it('tries until it works, waiting in between', async () => {
    const clock = new FakeClock(0);
    const triedAt: number[] = [];
    const result = retry(async (attempt) => {
      triedAt.push(clock.monotonic());
      if (attempt < 3) throw new Error('not yet');
      return 'done';
    }, options(clock));
    await clock.advance(10_000);
    expect(await result).toBe('done');
    expect(triedAt).toEqual([0, 50, 150, 350]);
  });

  it('gives up after the last attempt, or at once when it is no use', async () => {
    const clock = new FakeClock(0);
    const fail = () => Promise.reject(new Error('no'));
    const result = expect(retry(fail, { ...options(clock), attempts: 3 })).rejects.toThrow('no');
    await clock.advance(10_000);
    await result;
    expect(clock.sleepers).toBe(0);
    await expect(retry(fail, { ...options(clock), retryable: () => false })).rejects.toThrow('no');
  });

  it('ends with its signal', async () => {
    const stop = new AbortController();
    const result = retry(() => Promise.reject(new Error('no')), { ...options(new FakeClock()), signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(result).rejects.toThrow('enough');
  });
});
