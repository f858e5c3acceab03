import { assert } from '@frameworks/std';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export interface MetricOptions<L extends string> {
  /** `frameworks_…` in snake case with its unit at the end: `_total`, `_seconds`, `_bytes`. */
  readonly name: string;
  readonly help: string;
  /** Names of labels. Their values must come from small fixed sets: never ids of streams, viewers or tenants. */
  readonly labels?: readonly L[];
}

export interface HistogramOptions<L extends string> extends MetricOptions<L> {
  /** Upper bounds, ascending. Default: 1 ms … 10 s, in seconds. */
  readonly buckets?: readonly number[];
}

/** The metrics of one service. Asking twice for a name gives the same metric, so parts need not know of each other. */
export interface Metrics {
  counter<L extends string = never>(options: MetricOptions<L>): Counter<L>;
  gauge<L extends string = never>(options: MetricOptions<L>): Gauge<L>;
  histogram<L extends string = never>(options: HistogramOptions<L>): Histogram<L>;
  readonly registry: Registry;
}

const durationBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export interface MetricsOptions {
  readonly service: string;
  readonly instance?: string;
  /** Also CPU, memory, event-loop lag and garbage collection: once per process, not once per service in it. */
  readonly process?: boolean;
}

/** A registry whose metrics all carry the service's name. */
export function createMetrics({ service, instance = service, process = false }: MetricsOptions): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ service, instance });
  if (process) collectDefaultMetrics({ register: registry });
  return {
    registry,
    counter: (options) => find(registry, options, Counter) ?? new Counter(settings(registry, options)),
    gauge: (options) => find(registry, options, Gauge) ?? new Gauge(settings(registry, options)),
    histogram: (options) =>
      find(registry, options, Histogram) ??
      new Histogram({ ...settings(registry, options), buckets: [...(options.buckets ?? durationBuckets)] }),
  };
}

function settings<L extends string>(registry: Registry, { name, help, labels = [] }: MetricOptions<L>) {
  assert(/^[a-z][a-z0-9_]*$/.test(name), `metric ${name}: names are snake case`);
  return { name, help, labelNames: [...labels], registers: [registry] };
}

function find<M>(registry: Registry, { name }: { name: string }, kind: new (...args: never[]) => M): M | undefined {
  const existing: unknown = registry.getSingleMetric(name);
  if (existing === undefined) return undefined;
  assert(existing instanceof kind, `metric ${name} exists with another type`);
  return existing;
}
