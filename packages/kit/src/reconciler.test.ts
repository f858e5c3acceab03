import { FakeClock } from '@frameworks/std';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSilentLogger } from './log.ts';
import { createMetrics } from './metrics.ts';
import { createReconciler, type Reconciler } from './reconciler.ts';

interface Op {
  readonly kind: 'create' | 'delete';
  readonly name: string;
}

const noDeletions = 'the owner must confirm deletions';

/** Keeps a set of names equal to another; never deletes what is called "kept". */
function names(
  desired: string[],
  actual: Set<string>,
  apply?: (op: Op, signal: AbortSignal) => Promise<void>,
): Reconciler<string[], string[], Op> {
  return {
    name: 'names',
    observe: async () => ({ desired, actual: [...actual] }),
    plan: (want, have) => {
      const extra = have.filter((name) => !want.includes(name));
      const creations = want.filter((name) => !have.includes(name)).map((name) => ({ kind: 'create' as const, name }));
      const deletions = extra.filter((name) => name !== 'kept').map((name) => ({ kind: 'delete' as const, name }));
      const skips = extra
        .filter((name) => name === 'kept')
        .map((target) => ({ kind: 'delete', target, why: noDeletions }));
      return { ops: [...creations, ...deletions], skips };
    },
    apply:
      apply ??
      (async ({ kind, name }) => {
        if (kind === 'create') actual.add(name);
        else actual.delete(name);
      }),
    describe: ({ kind, name }) => ({ kind, target: name }),
  };
}

function drive(reconciler: Reconciler<string[], string[], Op>, clock = new FakeClock(0)) {
  const metrics = createMetrics({ service: 's' });
  const driver = createReconciler(reconciler, { clock, log: createSilentLogger(), metrics, opTimeoutMs: 100 });
  return { clock, metrics, driver, signal: new AbortController().signal };
}

describe('createReconciler', () => {
  it('brings the actual to the desired and then plans nothing', async () => {
    const actual = new Set(['old', 'kept']);
    const { driver, signal } = drive(names(['a', 'b'], actual));
    expect(await driver.reconcile(signal)).toEqual({ planned: 4, applied: 3, failed: 0, skipped: 1 });
    expect([...actual].sort()).toEqual(['a', 'b', 'kept']);
    expect(await driver.reconcile(signal)).toEqual({ planned: 1, applied: 0, failed: 0, skipped: 1 });
    expect(driver.lastRun()).toMatchObject({
      skips: [{ kind: 'delete', target: 'kept', why: noDeletions }],
      error: undefined,
    });
  });

  it('goes on past failures and names them; the next run is the retry', async () => {
    const actual = new Set<string>();
    let broken = true;
    const { driver, metrics, signal } = drive(
      names(['a', 'b', 'c'], actual, async ({ name }) => {
        if (name === 'b' && broken) throw new Error('quota');
        actual.add(name);
      }),
    );
    expect(await driver.reconcile(signal)).toEqual({ planned: 3, applied: 2, failed: 1, skipped: 0 });
    expect(driver.lastRun()?.failures).toEqual([{ kind: 'create', target: 'b', error: 'quota' }]);
    broken = false;
    expect(await driver.reconcile(signal)).toEqual({ planned: 1, applied: 1, failed: 0, skipped: 0 });
    const text = await metrics.registry.metrics();
    expect(text).toContain(
      'frameworks_reconcile_ops_total{reconciler="names",outcome="failed",service="s",instance="s"} 1',
    );
    expect(text).toContain(
      'frameworks_reconcile_runs_total{reconciler="names",result="partial",service="s",instance="s"} 1',
    );
  });

  it('bounds every operation', async () => {
    const { driver, clock, signal } = drive(names(['a', 'b'], new Set(), () => new Promise(() => {})));
    const result = driver.reconcile(signal);
    await clock.advance(200);
    expect(await result).toEqual({ planned: 2, applied: 0, failed: 2, skipped: 0 });
    expect(driver.lastRun()).toMatchObject({
      tookMs: 200,
      failures: [{ error: 'create a took longer than 100 ms' }, {}],
    });
  });

  it('begins nothing more once it is told to stop', async () => {
    const stop = new AbortController();
    const { driver } = drive(names(['a', 'b', 'c'], new Set(), async () => stop.abort()));
    const result = await driver.reconcile(stop.signal);
    expect(result).toMatchObject({ planned: 3, skipped: 2 });
    expect(driver.lastRun()?.skips).toEqual([
      { kind: 'create', target: 'b', why: 'stopping' },
      { kind: 'create', target: 'c', why: 'stopping' },
    ]);
  });

  it('plans nothing on half a view', async () => {
    const reconciler = { ...names([], new Set(['x'])), observe: () => Promise.reject(new Error('page 2 missing')) };
    const { driver, signal } = drive(reconciler);
    await expect(driver.reconcile(signal)).rejects.toThrow('page 2 missing');
    expect(driver.lastRun()).toMatchObject({ planned: 0, error: 'page 2 missing' });
  });

  it('accounts for every planned operation, whatever fails', async () => {
    const sets = fc.record({
      desired: fc.uniqueArray(fc.string({ maxLength: 3 })),
      actual: fc.uniqueArray(fc.oneof(fc.string({ maxLength: 3 }), fc.constant('kept'))),
      fails: fc.func(fc.boolean()),
      stopAfter: fc.nat(20),
    });
    await fc.assert(
      fc.asyncProperty(sets, async ({ desired, actual, fails, stopAfter }) => {
        const stop = new AbortController();
        let count = 0;
        const { driver } = drive(
          names(desired, new Set(actual), async ({ name }) => {
            if (count++ === stopAfter) stop.abort();
            if (fails(name)) throw new Error('no');
          }),
        );
        const { planned, applied, failed, skipped } = await driver.reconcile(stop.signal);
        expect(planned).toBe(applied + failed + skipped);
      }),
      { numRuns: 50 },
    );
  });
});
