import { describe, expect, it } from 'vitest';
import { FakeClock } from './fake-clock.ts';

describe('FakeClock', () => {
  it('stands still until it is moved', async () => {
    const clock = new FakeClock(1_000);
    let awake = false;
    const nap = clock.sleep(10).then(() => {
      awake = true;
    });
    await clock.advance(9);
    expect({ awake, now: clock.now(), monotonic: clock.monotonic() }).toEqual({
      awake: false,
      now: 1_009,
      monotonic: 9,
    });
    await clock.advance(1);
    await nap;
    expect(awake).toBe(true);
  });

  it('wakes by due time, first come first among equals, each at its own time', async () => {
    const clock = new FakeClock(0);
    const woken: string[] = [];
    const nap = (name: string, ms: number) => clock.sleep(ms).then(() => woken.push(`${name}@${clock.monotonic()}`));
    const all = [nap('c', 30), nap('a', 10), nap('b1', 20), nap('b2', 20)];
    await clock.advance(100);
    await Promise.all(all);
    expect(woken).toEqual(['a@10', 'b1@20', 'b2@20', 'c@30']);
  });

  it('lets two loops interleave as they would in real time', async () => {
    const clock = new FakeClock(0);
    const turns: string[] = [];
    const loop = async (name: string, everyMs: number) => {
      for (let i = 0; i < 3; i++) {
        await clock.sleep(everyMs);
        turns.push(`${name}${clock.monotonic()}`);
      }
    };
    const both = [loop('fast', 10), loop('slow', 25)];
    await clock.advance(1_000);
    await Promise.all(both);
    expect(turns).toEqual(['fast10', 'fast20', 'slow25', 'fast30', 'slow50', 'slow75']);
  });

  it('forgets a sleeper whose signal aborts', async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    const nap = clock.sleep(10, stop.signal);
    stop.abort(new Error('enough'));
    await expect(nap).rejects.toThrow('enough');
    await expect(clock.sleep(10, stop.signal)).rejects.toThrow('enough');
    expect(clock.sleepers).toBe(0);
  });

  it('sleeps nothing without being moved, and forever until the abort', async () => {
    const clock = new FakeClock();
    await clock.sleep(0);
    const stop = new AbortController();
    const forever = clock.sleep(Number.POSITIVE_INFINITY, stop.signal);
    await clock.advance(1e9);
    expect(clock.sleepers).toBe(1);
    stop.abort();
    await expect(forever).rejects.toThrow();
  });

  it('tells when enough are asleep', async () => {
    const clock = new FakeClock();
    const two = clock.whenSleeping(2);
    const naps = [clock.sleep(1), clock.sleep(2)];
    await two;
    await clock.advance(2);
    await Promise.all(naps);
    await expect(Promise.race([clock.whenSleeping(1), Promise.resolve('nobody')])).resolves.toBe('nobody');
  });

  it('moves the wall clock without waking anyone', async () => {
    const clock = new FakeClock(0);
    const nap = clock.sleep(10);
    clock.setNow(1e12);
    await clock.advance(5);
    expect({ now: clock.now(), sleepers: clock.sleepers }).toEqual({ now: 1e12 + 5, sleepers: 1 });
    await clock.advance(5);
    await nap;
  });
});
