import { type Clock, withDeadline } from '@frameworks/std';
import { summarizeError } from './describe-error.ts';
import type { Logger } from './log.ts';
import type { Metrics } from './metrics.ts';

/** What names an operation in logs and status: its kind (a small fixed set) and the thing it acts on. */
export interface OpName {
  readonly kind: string;
  readonly target: string;
}

/** Something the plan saw and leaves alone, with the policy that says so. */
export interface Skip extends OpName {
  readonly why: string;
}

export interface Plan<Op> {
  /** In the order to apply them. */
  readonly ops: readonly Op[];
  readonly skips: readonly Skip[];
}

/** Brings the world from what it is to what it should be. Takes no input: it observes everything itself, every time. */
export interface Reconciler<Desired, Actual, Op> {
  readonly name: string;
  /** All of both sides. If either cannot be read completely this must throw: planning on half a view deletes things. */
  observe(signal: AbortSignal): Promise<{ readonly desired: Desired; readonly actual: Actual }>;
  /** Pure. Deletions pass the service's policy here and end as `skips` if it refuses. */
  plan(desired: Desired, actual: Actual): Plan<Op>;
  /** Applies one operation; idempotent, because a run may be cut off after it. */
  apply(op: Op, signal: AbortSignal): Promise<void>;
  describe(op: Op): OpName;
}

export interface ReconcilerOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Longest single operation, milliseconds. */
  readonly opTimeoutMs: number;
}

/** Counts of one run: `planned = applied + failed + skipped`. */
export interface ReconcileResult {
  readonly planned: number;
  readonly applied: number;
  readonly failed: number;
  /** Refused by policy, or not begun because the service was stopping. */
  readonly skipped: number;
}

/** The last run as data, for logs and the API. Times are Unix milliseconds. */
export interface ReconcileRun extends ReconcileResult {
  readonly startedAt: number;
  readonly tookMs: number;
  /** The first few of each. */
  readonly failures: readonly (OpName & { readonly error: string })[];
  readonly skips: readonly Skip[];
  /** Why nothing could be planned at all; then all counts are 0. */
  readonly error: string | undefined;
}

export interface ReconcilerDriver {
  /**
   * One run. Throws only if observing or planning fails; operations that fail are in the result. Made for `runLoop`.
   * Never call it while a run is under way: the loop does not.
   */
  reconcile(signal: AbortSignal): Promise<ReconcileResult>;
  lastRun(): ReconcileRun | undefined;
}

/** Failures and skips named in the status; the counts are always complete. */
const mostNamed = 20;

/** Drives a reconciler: applies op by op, bounded in time, and goes on past failures. The next run is the retry. */
export function createReconciler<Desired, Actual, Op>(
  reconciler: Reconciler<Desired, Actual, Op>,
  options: ReconcilerOptions,
): ReconcilerDriver {
  const { clock, log } = options;
  const meters = createMeters(options.metrics);
  let last: ReconcileRun | undefined;

  const finish = (run: ReconcileRun): ReconcileResult => {
    last = run;
    meters.record(reconciler.name, run);
    const { planned, applied, failed, skipped } = run;
    const line = { reconciler: reconciler.name, planned, applied, failed, skipped, tookMs: run.tookMs };
    if (failed > 0) log.warn({ ...line, failures: run.failures }, 'reconciled with failures');
    else if (planned > 0) log.info(line, 'reconciled');
    return { planned, applied, failed, skipped };
  };

  const reconcile = async (signal: AbortSignal): Promise<ReconcileResult> => {
    const startedAt = clock.now();
    const startMs = clock.monotonic();
    try {
      const { desired, actual } = await reconciler.observe(signal);
      const tally = await applyAll(reconciler, reconciler.plan(desired, actual), options, signal);
      return finish({ ...tally, startedAt, tookMs: clock.monotonic() - startMs, error: undefined });
    } catch (error) {
      const tookMs = clock.monotonic() - startMs;
      finish({ ...emptyTally, startedAt, tookMs, error: summarizeError(error) });
      throw error;
    }
  };
  return { reconcile, lastRun: () => last };
}

type Tally = Omit<ReconcileRun, 'startedAt' | 'tookMs' | 'error'>;

const emptyTally: Tally = { planned: 0, applied: 0, failed: 0, skipped: 0, failures: [], skips: [] };

async function applyAll<Desired, Actual, Op>(
  reconciler: Reconciler<Desired, Actual, Op>,
  plan: Plan<Op>,
  { clock, opTimeoutMs }: ReconcilerOptions,
  signal: AbortSignal,
): Promise<Tally> {
  const failures: (OpName & { error: string })[] = [];
  const skips: Skip[] = [...plan.skips];
  let applied = 0;
  for (const op of plan.ops) {
    const name = reconciler.describe(op);
    if (signal.aborted) {
      skips.push({ ...name, why: 'stopping' });
      continue;
    }
    try {
      const limit = { clock, signal, what: `${name.kind} ${name.target}` };
      await withDeadline((limited) => reconciler.apply(op, limited), opTimeoutMs, limit);
      applied++;
    } catch (error) {
      failures.push({ ...name, error: summarizeError(error) });
    }
  }
  return {
    planned: plan.ops.length + plan.skips.length,
    applied,
    failed: failures.length,
    skipped: skips.length,
    failures: failures.slice(0, mostNamed),
    skips: skips.slice(0, mostNamed),
  };
}

function createMeters(metrics: Metrics) {
  const ops = metrics.counter({
    name: 'frameworks_reconcile_ops_total',
    help: 'Planned operations by outcome.',
    labels: ['reconciler', 'outcome'],
  });
  const runs = metrics.counter({
    name: 'frameworks_reconcile_runs_total',
    help: 'Runs by result: ok, partial (an operation failed) or failed (nothing could be planned).',
    labels: ['reconciler', 'result'],
  });
  const duration = metrics.histogram({
    name: 'frameworks_reconcile_duration_seconds',
    help: 'Time from observing to the last operation.',
    labels: ['reconciler'],
  });
  const lastSuccess = metrics.gauge({
    name: 'frameworks_reconcile_last_success_timestamp_seconds',
    help: 'When a run last ended without any failure, Unix seconds.',
    labels: ['reconciler'],
  });
  return {
    record: (reconciler: string, run: ReconcileRun): void => {
      const result = run.error !== undefined ? 'failed' : run.failed > 0 ? 'partial' : 'ok';
      for (const outcome of ['applied', 'failed', 'skipped'] as const) ops.inc({ reconciler, outcome }, run[outcome]);
      runs.inc({ reconciler, result });
      duration.observe({ reconciler }, run.tookMs / 1_000);
      if (result === 'ok') lastSuccess.set({ reconciler }, (run.startedAt + run.tookMs) / 1_000);
    },
  };
}
