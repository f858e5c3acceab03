import { ServiceError } from '@frameworks/kit/errors';
import { FakeClock } from '@frameworks/std';
import { beforeEach, describe, expect, test } from 'vitest';
import { AttemptLimit } from './attempt-limit.ts';

const refused = { code: 'RESOURCE_EXHAUSTED', reason: 'TOO_MANY_ATTEMPTS', retryable: true };

describe('AttemptLimit', () => {
  let clock: FakeClock;
  let limit: AttemptLimit;
  let worked: number;

  beforeEach(() => {
    clock = new FakeClock();
    limit = new AttemptLimit({ perSecond: 2, burst: 3, clock });
    worked = 0;
  });

  async function attempt(code?: 'UNAUTHENTICATED' | 'UNAVAILABLE' | 'INVALID_ARGUMENT'): Promise<unknown> {
    const work = async () => {
      worked++;
      if (code) throw new ServiceError(code, 'FAILED', { message: code });
      return 'joined';
    };
    return await limit.run(work).catch((error: unknown) => error);
  }

  test('lets a burst fail, then turns everybody away without working', async () => {
    for (const code of ['UNAUTHENTICATED', 'INVALID_ARGUMENT', 'UNAUTHENTICATED'] as const) {
      expect(await attempt(code)).toMatchObject({ reason: 'FAILED' });
    }
    expect(await attempt()).toMatchObject({ ...refused, retryAfterMs: 500 });
    expect(worked).toBe(3);
  });

  test('recovers at its rate, up to the burst', async () => {
    for (let i = 0; i < 3; i++) await attempt('UNAUTHENTICATED');
    await clock.advance(499);
    expect(await attempt()).toMatchObject({ ...refused, retryAfterMs: 100 });
    await clock.advance(1);
    expect(await attempt('UNAUTHENTICATED')).toMatchObject({ reason: 'FAILED' });
    expect(await attempt()).toMatchObject(refused);
    await clock.advance(3_600_000);
    for (let i = 0; i < 3; i++) expect(await attempt('UNAUTHENTICATED')).toMatchObject({ reason: 'FAILED' });
    expect(await attempt()).toMatchObject(refused);
  });

  test('takes nothing for what succeeds or is not the caller’s doing', async () => {
    for (let i = 0; i < 20; i++) expect(await attempt()).toBe('joined');
    for (let i = 0; i < 20; i++) expect(await attempt('UNAVAILABLE')).toMatchObject({ reason: 'FAILED' });
  });

  test('counts what is under way', async () => {
    const releases: (() => void)[] = [];
    const waiting = Array.from({ length: 3 }, () =>
      limit.run(() => new Promise<void>((resolve) => releases.push(resolve))),
    );
    expect(await attempt()).toMatchObject(refused);
    for (const release of releases) release();
    await Promise.all(waiting);
    expect(await attempt()).toBe('joined');
  });
});
