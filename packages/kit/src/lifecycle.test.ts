import { FakeClock } from '@frameworks/std';
import { describe, expect, it } from 'vitest';
import { Lifecycle } from './lifecycle.ts';
import { createSilentLogger } from './log.ts';

function setUp(stopTimeoutMs = 1_000) {
  const clock = new FakeClock(0);
  const lifecycle = new Lifecycle({ clock, log: createSilentLogger(), stopTimeoutMs });
  const done: string[] = [];
  const note = (name: string) => () => void done.push(`${name}@${clock.monotonic()}`);
  return { clock, lifecycle, done, note };
}

describe('Lifecycle', () => {
  it('stops by phase, the newest first within one, whatever the order of building', async () => {
    const { lifecycle, done, note } = setUp();
    lifecycle.onStop('close', 'sql', note('sql'));
    lifecycle.onStop('accept', 'grpc', note('grpc'));
    lifecycle.onStop('close', 'kv', note('kv'));
    lifecycle.onStop('loops', 'sweep', note('sweep'));
    lifecycle.onStop('drain', 'calls', note('calls'));
    lifecycle.onStop('accept', 'http', note('http'));
    expect(lifecycle.signal.aborted).toBe(false);
    expect(await lifecycle.stop()).toEqual([]);
    expect(lifecycle.signal.aborted).toBe(true);
    expect(done.map((entry) => entry.split('@')[0])).toEqual(['http', 'grpc', 'calls', 'sweep', 'kv', 'sql']);
  });

  it('collects failures and goes on; a second stop gives the same answer', async () => {
    const { lifecycle, done, note } = setUp();
    const error = new Error('disk full');
    lifecycle.onStop('close', 'sql', note('sql'));
    lifecycle.onStop('close', 'files', () => {
      throw error;
    });
    const first = lifecycle.stop();
    expect(await lifecycle.stop()).toEqual([{ phase: 'close', step: 'files', error }]);
    expect(await first).toEqual(await lifecycle.stop());
    expect(done).toEqual(['sql@0']);
  });

  it('keeps a quarter of the time for closing when draining hangs', async () => {
    const { clock, lifecycle, done, note } = setUp(1_000);
    let gaveUp = false;
    lifecycle.onStop('close', 'sql', async () => {
      await clock.sleep(100);
      note('sql')();
    });
    lifecycle.onStop('drain', 'viewers', (signal) => {
      signal.addEventListener('abort', () => {
        gaveUp = true;
      });
      return new Promise(() => {});
    });
    const stopped = lifecycle.stop();
    await clock.advance(2_000);
    expect(await stopped).toMatchObject([{ phase: 'drain', step: 'viewers' }]);
    expect({ gaveUp, done }).toEqual({ gaveUp: true, done: ['sql@850'] });
  });

  it('begins every step even when no time is left', async () => {
    const { clock, lifecycle, done, note } = setUp(1_000);
    const hang = () => new Promise<void>(() => {});
    lifecycle.onStop('close', 'sql', note('sql'));
    lifecycle.onStop('close', 'kv', hang);
    lifecycle.onStop('loops', 'sweep', note('sweep'));
    lifecycle.onStop('drain', 'viewers', hang);
    const stopped = lifecycle.stop();
    await clock.advance(2_000);
    expect((await stopped).map(({ step }) => step)).toEqual(['viewers', 'kv']);
    expect(done).toEqual(['sweep@750', 'sql@1000']);
  });

  it('undoes at once what is built after the stop has begun', async () => {
    const { lifecycle, done, note } = setUp();
    const stopped = lifecycle.stop();
    lifecycle.onStop('close', 'late', note('late'));
    await stopped;
    await lifecycle.stop();
    expect(done).toEqual(['late@0']);
  });
});
