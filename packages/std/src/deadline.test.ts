import { describe, expect, it } from 'vitest';
import { DeadlineExceeded, deadline, withDeadline } from './deadline.ts';
import { FakeClock } from './fake-clock.ts';

const forever = () => new Promise<never>(() => {});

describe('withDeadline', () => {
  it('gives the result in time and leaves no timer', async () => {
    const clock = new FakeClock();
    expect(await withDeadline(Promise.resolve(1), 10, { clock })).toBe(1);
    expect(await withDeadline(async () => 2, 10, { clock })).toBe(2);
    expect(clock.sleepers).toBe(0);
  });

  it('rejects when the time is over and aborts the work', async () => {
    const clock = new FakeClock();
    let signal: AbortSignal | undefined;
    const result = withDeadline(
      (given) => {
        signal = given;
        return forever();
      },
      10,
      { clock, what: 'asking the store' },
    );
    const failed = expect(result).rejects.toThrow('asking the store took longer than 10 ms');
    await clock.advance(10);
    await failed;
    expect(signal?.aborted).toBe(true);
    expect(signal?.reason).toBeInstanceOf(DeadlineExceeded);
  });

  it('passes the abort of the caller on, and stops its own timer', async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    const result = withDeadline(forever, 10, { clock, signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(result).rejects.toThrow('enough');
    await clock.advance(0);
    expect(clock.sleepers).toBe(0);
  });

  it('does not begin under an aborted signal', async () => {
    let begun = false;
    const work = async () => {
      begun = true;
    };
    const result = withDeadline(work, 10, { clock: new FakeClock(), signal: AbortSignal.abort(new Error('late')) });
    await expect(result).rejects.toThrow('late');
    expect(begun).toBe(false);
  });

  it('passes failures on, thrown synchronously too', async () => {
    const clock = new FakeClock();
    const fail = () => {
      throw new Error('broken');
    };
    await expect(withDeadline(fail, 10, { clock })).rejects.toThrow('broken');
    expect(clock.sleepers).toBe(0);
  });
});

describe('deadline', () => {
  it('lets go when disposed', async () => {
    const clock = new FakeClock();
    const limit = deadline(10, { clock });
    limit[Symbol.dispose]();
    await clock.advance(100);
    expect(limit.signal.aborted).toBe(false);
    expect(clock.sleepers).toBe(0);
  });
});
