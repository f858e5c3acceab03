import { describe, expect, it } from 'vitest';
import { SingleFlight } from './single-flight.ts';

describe('SingleFlight', () => {
  it('does the work once for all who ask at the same time, and again afterwards', async () => {
    const flights = new SingleFlight<string, number>();
    let runs = 0;
    const work = async () => ++runs;
    expect(await Promise.all([flights.run('a', work), flights.run('a', work), flights.run('b', work)])).toEqual([
      1, 1, 2,
    ]);
    expect(await flights.run('a', work)).toBe(3);
    expect(flights.size).toBe(0);
  });

  it('gives a failure to those who waited and to nobody else', async () => {
    const flights = new SingleFlight<string, number>();
    const fail = () => Promise.reject(new Error('no'));
    const results = await Promise.allSettled([flights.run('a', fail), flights.run('a', fail)]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await flights.run('a', async () => 1)).toBe(1);
    await expect(
      flights.run('a', () => {
        throw new Error('at once');
      }),
    ).rejects.toThrow('at once');
  });

  it('aborts the work only when the last caller has left, and starts afresh then', async () => {
    const flights = new SingleFlight<string, number>();
    const signals: AbortSignal[] = [];
    const work = (signal: AbortSignal) => {
      signals.push(signal);
      return new Promise<number>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    };
    const [one, two] = [new AbortController(), new AbortController()];
    const callers = Promise.allSettled([flights.run('a', work, one.signal), flights.run('a', work, two.signal)]);
    await Promise.resolve();
    one.abort();
    await new Promise((resolve) => setImmediate(resolve));
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    two.abort();
    await callers;
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    expect(await flights.run('a', async () => 7)).toBe(7);
  });
});
