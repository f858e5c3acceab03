import { FakeClock } from '@frameworks/std';
import { describe, expect, it } from 'vitest';
import { createService, type ServiceScope } from './create-service.ts';
import { createSilentLogger } from './log.ts';
import { createMetrics } from './metrics.ts';

function setUp(start: (scope: ServiceScope) => Promise<Readonly<Record<string, string>> | undefined>) {
  const clock = new FakeClock(0);
  const deps = { log: createSilentLogger(), clock, metrics: createMetrics({ service: 's' }) };
  return { clock, service: createService({ deps, stopTimeoutMs: 1_000, start }) };
}

const stateOf = async (service: { health(): Promise<{ ready: boolean; checks: readonly { detail: string }[] }> }) => {
  const { ready, checks } = await service.health();
  return `${checks[0]?.detail || 'running'}${ready ? ' ready' : ''}`;
};

describe('createService', () => {
  it('is ready between start and stop, and undoes everything', async () => {
    const done: string[] = [];
    const { clock, service } = setUp(async (scope) => {
      scope.onStop('close', 'store', () => void done.push('store'));
      scope.check('store', () => 'fine');
      scope.loop({ name: 'sweep', everyMs: 10, run: async () => void done.push('sweep') });
      return { grpc: '127.0.0.1:1' };
    });
    expect(await stateOf(service)).toBe('created');
    await service.start();
    expect(await stateOf(service)).toBe('running ready');
    expect(service.addresses?.()).toEqual({ grpc: '127.0.0.1:1' });
    const first = service.stop();
    expect(await stateOf(service)).toBe('stopping');
    await Promise.all([first, service.stop()]);
    await clock.advance(100);
    expect(done).toEqual(['sweep', 'store']);
    expect(clock.sleepers).toBe(0);
  });

  it('is not ready while a check fails', async () => {
    const { service } = setUp(async (scope) => {
      scope.check('store', () => {
        throw new Error('gone');
      });
      return undefined;
    });
    await service.start();
    expect(await stateOf(service)).toBe('running');
    await service.stop();
  });

  it('after a failed start, releases what was built when stopped', async () => {
    const done: string[] = [];
    const { service } = setUp(async (scope) => {
      scope.onStop('close', 'store', () => void done.push('store'));
      throw new Error('no port');
    });
    await expect(service.start()).rejects.toThrow('no port');
    expect(await stateOf(service)).toBe('failed');
    await service.stop();
    expect(done).toEqual(['store']);
  });

  it('can be stopped in the middle of the start, which then rejects', async () => {
    const done: string[] = [];
    const { clock, service } = setUp(async (scope) => {
      scope.onStop('close', 'store', () => void done.push('store'));
      await scope.clock.sleep(1_000_000, scope.signal);
      return undefined;
    });
    const started = expect(service.start()).rejects.toMatchObject({ reason: 'STOPPING' });
    expect(await stateOf(service)).toBe('starting');
    await service.stop();
    await started;
    expect({ done, sleepers: clock.sleepers }).toEqual({ done: ['store'], sleepers: 0 });
  });

  it('does not wait for a start that never gives up, and undoes what it builds later', async () => {
    const done: string[] = [];
    const { clock, service } = setUp(async (scope) => {
      await scope.clock.sleep(5_000);
      scope.onStop('close', 'store', () => void done.push('store'));
      return undefined;
    });
    const started = expect(service.start()).rejects.toMatchObject({ reason: 'STOPPING' });
    const stopped = service.stop();
    await clock.advance(250);
    await Promise.all([stopped, started]);
    await clock.advance(5_000);
    expect(done).toEqual(['store']);
  });

  it('reports what did not stop', async () => {
    const { service } = setUp(async (scope) => {
      scope.onStop('drain', 'calls', () => Promise.reject(new Error('stuck')));
      return undefined;
    });
    await service.start();
    await expect(service.stop()).rejects.toMatchObject({
      reason: 'STOP_INCOMPLETE',
      message: 'not everything stopped: drain calls: stuck',
    });
  });

  it('starts once', async () => {
    const { service } = setUp(async () => undefined);
    await service.start();
    await expect(service.start()).rejects.toThrow('already running');
    await service.stop();
  });
});
