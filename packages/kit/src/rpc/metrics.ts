import type { Metrics } from '../metrics.ts';

/**
 * Counts and times the calls of one side. Labels are bounded: methods come from contracts, codes from gRPC, and a caller is
 * its kind and service. Streams are counted but not timed: how long one lives says nothing about latency.
 */
export interface CallMetrics {
  ended(call: { method: string; code: string; seconds: number; stream: boolean }): void;
  denied(call: { method: string; reason: string; caller: string }): void;
  retried(method: string): void;
}

/** For those who do not measure. */
const noCallMetrics: CallMetrics = { ended() {}, denied() {}, retried() {} };

export function createCallMetrics(metrics: Metrics | undefined, side: 'client' | 'server'): CallMetrics {
  if (!metrics) return noCallMetrics;
  const prefix = `frameworks_rpc_${side}`;
  const calls = metrics.counter({ name: `${prefix}_calls_total`, help: 'RPCs ended', labels: ['method', 'code'] });
  const seconds = metrics.histogram({
    name: `${prefix}_seconds`,
    help: 'Duration of unary RPCs',
    labels: ['method', 'code'],
  });
  const denied = metrics.counter({
    name: `${prefix}_denied_total`,
    help: 'RPCs refused by authentication or authorization',
    labels: ['method', 'reason', 'caller'],
  });
  const retries = metrics.counter({ name: `${prefix}_retries_total`, help: 'RPCs sent again', labels: ['method'] });
  return {
    ended({ method, code, seconds: duration, stream }) {
      calls.inc({ method, code });
      if (!stream) seconds.observe({ method, code }, duration);
    },
    denied: (call) => denied.inc(call),
    retried: (method) => retries.inc({ method }),
  };
}
