import { FakeClock } from '@frameworks/std';
import { describe, expect, it } from 'vitest';
import { ServiceError } from './errors.ts';
import { Health, mergeReports } from './health.ts';

describe('Health', () => {
  it('is ready when every check is ok, and says what is not', async () => {
    const health = new Health({ clock: new FakeClock() });
    expect(await health.report()).toEqual({ ready: true, checks: [] });
    health.check('store', async () => 'postgres 18');
    const remove = health.check('peer', () => {
      throw new ServiceError('UNAVAILABLE', 'PEER_LOST', { message: 'redis://u:hunter2@h is gone' });
    });
    expect(await health.report()).toEqual({
      ready: false,
      checks: [
        { name: 'store', ok: true, detail: 'postgres 18' },
        { name: 'peer', ok: false, detail: 'PEER_LOST: redis://u:[redacted]@h is gone' },
      ],
    });
    remove();
    expect((await health.report()).ready).toBe(true);
  });

  it('does not wait for a check that hangs, and asks once for many callers', async () => {
    const clock = new FakeClock();
    const health = new Health({ clock, timeoutMs: 50 });
    let asked = 0;
    health.check('slow', () => {
      asked++;
      return new Promise(() => {});
    });
    const reports = [health.report(), health.report()];
    await clock.advance(50);
    for (const report of await Promise.all(reports)) {
      expect(report.checks).toEqual([{ name: 'slow', ok: false, detail: 'the check took longer than 50 ms' }]);
    }
    expect(asked).toBe(1);
  });
});

describe('mergeReports', () => {
  it('is ready when all parts are', () => {
    const part = (ok: boolean) => ({ ready: ok, checks: [{ name: 'store', ok, detail: '' }] });
    expect(mergeReports({ a: part(true), b: part(false) })).toEqual({
      ready: false,
      checks: [
        { name: 'a/store', ok: true, detail: '' },
        { name: 'b/store', ok: false, detail: '' },
      ],
    });
  });
});
