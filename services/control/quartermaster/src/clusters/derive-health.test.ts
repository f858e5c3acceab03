import { describe, expect, it } from 'vitest';
import type { ClusterHealth, ClusterHealthState } from './cluster.ts';
import { deriveHealth, type ObservedInstance } from './derive-health.ts';

const nowMs = 1_000_000;
const was = (state: ClusterHealthState, reasons: ClusterHealth['reasons'] = []): ClusterHealth => ({ state, reasons });
const make = (text: string): ObservedInstance => {
  const [name = '', mark = ''] = text.split(':');
  return {
    service: 'commodore',
    instanceId: name,
    state: mark === 'lapsed' || mark === 'stopped' ? mark : 'live',
    ready: mark !== 'unready',
  };
};

describe('the health of a cluster', () => {
  it.each<[ClusterHealthState, string[], ClusterHealthState, string[]]>([
    ['provisioning', [], 'provisioning', ['NO_LIVE_INSTANCE ']],
    ['provisioning', ['a:unready'], 'provisioning', ['NO_LIVE_INSTANCE ', 'INSTANCE_NOT_READY commodore/a']],
    ['provisioning', ['a', 'b:lapsed'], 'provisioning', ['INSTANCE_LAPSED commodore/b']],
    ['provisioning', ['a'], 'healthy', []],
    ['healthy', ['a', 'b'], 'healthy', []],
    ['healthy', ['a', 'b:stopped'], 'healthy', []],
    ['healthy', ['a', 'b:lapsed'], 'degraded', ['INSTANCE_LAPSED commodore/b']],
    ['healthy', ['a', 'b:unready'], 'degraded', ['INSTANCE_NOT_READY commodore/b']],
    ['healthy', [], 'offline', ['NO_LIVE_INSTANCE ']],
    ['degraded', ['a:lapsed'], 'offline', ['NO_LIVE_INSTANCE ', 'INSTANCE_LAPSED commodore/a']],
    ['degraded', ['a'], 'healthy', []],
    ['offline', ['a', 'b:lapsed'], 'degraded', ['INSTANCE_LAPSED commodore/b']],
    ['offline', ['a'], 'healthy', []],
  ])('%s with %j is %s because of %j', (before, instances, state, reasons) => {
    const health = deriveHealth(was(before), instances.map(make), nowMs);
    expect(health.state).toBe(state);
    expect(health.reasons.map(({ code, subject }) => `${code} ${subject}`)).toEqual(reasons);
  });

  it('remembers since when a reason holds, and dates a new one now', () => {
    const before = was('degraded', [{ code: 'INSTANCE_LAPSED', subject: 'commodore/b', sinceMs: 5 }]);
    const { reasons } = deriveHealth(before, ['a', 'b:lapsed', 'c:lapsed'].map(make), nowMs);
    expect(reasons.map(({ sinceMs }) => sinceMs)).toEqual([5, nowMs]);
  });
});
