import { FakeClock } from '@frameworks/std';
import { describe, expect, it } from 'vitest';
import { createSilentLogger } from './log.ts';
import { type LoopOptions, runLoop } from './loop.ts';

function setUp(options: Partial<LoopOptions> = {}) {
  const clock = new FakeClock(0);
  const ending = new AbortController();
  const turns: number[] = [];
  const loop = runLoop({
    name: 'sweep',
    everyMs: 100,
    jitter: 0,
    run: async () => {
      turns.push(clock.monotonic());
    },
    clock,
    log: createSilentLogger(),
    signal: ending.signal,
    ...options,
  });
  return { clock, ending, turns, loop };
}

describe('runLoop', () => {
  it('runs at once, then after every pause, and ends with its signal', async () => {
    const { clock, ending, turns, loop } = setUp();
    await clock.advance(250);
    ending.abort();
    await loop.done;
    expect(turns).toEqual([0, 100, 200]);
    expect(clock.sleepers).toBe(0);
    expect(loop.status()).toMatchObject({ name: 'sweep', runs: 3, failures: 0, lastError: undefined });
  });

  it('can wait first, and shortens pauses by jitter', async () => {
    const { clock, loop } = setUp({ delayed: true, jitter: 0.5, random: () => 1 });
    await clock.advance(99);
    expect(loop.status().runs).toBe(0);
    await clock.advance(1 + 50);
    expect(loop.status().runs).toBe(2);
    await loop.stop();
  });

  it('goes on after a failure, at the next tick or by its own backoff', async () => {
    const fail = () => Promise.reject(new Error('no store'));
    const { clock, loop } = setUp({ run: fail });
    await clock.advance(250);
    expect(loop.status()).toMatchObject({ runs: 3, failures: 3, failuresInARow: 3, lastError: 'no store' });
    await loop.stop();

    const backed = setUp({ run: fail, retry: { baseMs: 10, maxMs: 40 }, random: () => 1 });
    await backed.clock.advance(10 + 20 + 40 + 40);
    expect(backed.loop.status().runs).toBe(5);
    await backed.loop.stop();
  });

  it('runs again at once when nudged, once for many nudges, also during a turn', async () => {
    const { clock, turns, loop } = setUp();
    await clock.advance(10);
    loop.nudge();
    loop.nudge();
    await clock.advance(0);
    expect(turns).toEqual([0, 10]);

    const busy = setUp({ run: () => busy.clock.sleep(50) });
    await busy.clock.advance(10);
    busy.loop.nudge();
    busy.loop.nudge();
    await busy.clock.advance(40);
    expect(busy.loop.status()).toMatchObject({ runs: 1, lastStartedAt: 0 });
    await busy.clock.advance(50);
    expect(busy.loop.status()).toMatchObject({ runs: 2, lastStartedAt: 50 });
    await Promise.all([loop.stop(), busy.loop.stop()]);
  });

  it('aborts the turn under way when it ends, which is no failure', async () => {
    const { clock, loop } = setUp({ run: (signal) => clock.sleep(1_000_000, signal) });
    await clock.advance(1);
    await loop.stop();
    expect(loop.status()).toMatchObject({ runs: 1, failures: 0 });
  });

  it('cuts off a turn that takes too long', async () => {
    const { clock, loop } = setUp({ run: () => new Promise(() => {}), timeoutMs: 30 });
    await clock.advance(30);
    expect(loop.status()).toMatchObject({
      failures: 1,
      lastTookMs: 30,
      lastError: 'loop sweep took longer than 30 ms',
    });
    await loop.stop();
  });

  it('never begins under an aborted signal', async () => {
    const { turns, loop } = setUp({ signal: AbortSignal.abort() });
    await loop.done;
    expect(turns).toEqual([]);
  });
});
