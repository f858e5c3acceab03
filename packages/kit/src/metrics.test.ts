import { describe, expect, it } from 'vitest';
import { createMetrics } from './metrics.ts';

describe('createMetrics', () => {
  it('carries the service on every metric and gives the same one twice', async () => {
    const metrics = createMetrics({ service: 'navigator', instance: 'a' });
    const options = { name: 'frameworks_leaves_issued_total', help: 'Leaves.', labels: ['kind'] as const };
    metrics.counter(options).inc({ kind: 'node' });
    metrics.counter(options).inc({ kind: 'node' });
    metrics.histogram({ name: 'frameworks_issue_seconds', help: 'Time.', buckets: [1] }).observe(2);
    const text = await metrics.registry.metrics();
    expect(text).toContain('frameworks_leaves_issued_total{kind="node",service="navigator",instance="a"} 2');
    expect(text).toContain('le="1"');
  });

  it('keeps services of one process apart', async () => {
    const [a, b] = [createMetrics({ service: 'a' }), createMetrics({ service: 'b' })];
    a.gauge({ name: 'frameworks_x', help: 'x' }).set(1);
    expect(await b.registry.metrics()).not.toContain('frameworks_x');
  });

  it('refuses bad names and one name for two types', () => {
    const metrics = createMetrics({ service: 's', process: true });
    metrics.gauge({ name: 'frameworks_x', help: 'x' });
    expect(() => metrics.counter({ name: 'frameworks_x', help: 'x' })).toThrow('another type');
    expect(() => metrics.counter({ name: 'streams-live', help: 'x' })).toThrow('snake case');
  });
});
