import { describe, expect, it } from 'vitest';
import { sleep, systemClock } from './system-clock.ts';

describe('systemClock', () => {
  it('sleeps at least as long as asked', async () => {
    const startMs = systemClock.monotonic();
    await sleep(15);
    expect(systemClock.monotonic() - startMs).toBeGreaterThanOrEqual(14);
  });

  it('rejects with the reason of the abort, before and during', async () => {
    const stop = new AbortController();
    const nap = sleep(60_000, stop.signal);
    stop.abort(new Error('enough'));
    await expect(nap).rejects.toThrow('enough');
    await expect(sleep(1, stop.signal)).rejects.toThrow('enough');
  });

  it('does not fire at once beyond 2^31 ms, nor for Infinity', async () => {
    const stop = new AbortController();
    const naps = [2 ** 31, 2 ** 40, Number.POSITIVE_INFINITY].map((ms) => sleep(ms, stop.signal));
    const first = Promise.race(naps).then(() => 'woke');
    await sleep(5);
    stop.abort(new Error('enough'));
    await expect(first).rejects.toThrow('enough');
    await Promise.allSettled(naps);
  });

  it('leaves no listener behind', async () => {
    const stop = new AbortController();
    let listeners = 0;
    const { signal } = stop;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--;
      remove(...args);
    };
    for (let i = 0; i < 3; i++) await sleep(0, signal);
    expect(listeners).toBe(0);
  });

  it('refuses NaN', () => {
    expect(() => sleep(Number.NaN)).toThrow('not a duration');
  });
});
