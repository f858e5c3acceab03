import { parseConfig } from '@frameworks/kit/config';
import { describe, expect, test } from 'vitest';
import { listLifetimeMistakes, navigatorConfig } from './config.ts';

const needed = {
  NAVIGATOR_DATABASE_URL: 'postgres://navigator:secret@localhost:5432/frameworks',
  NAVIGATOR_TRUST_DOMAIN: 'frameworks.test',
  NAVIGATOR_CA_SECRET_FILE: '/run/secrets/ca',
};
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

describe('navigatorConfig', () => {
  test('defaults, which fit each other', () => {
    const parsed = parseConfig(navigatorConfig, needed);
    expect(parsed).toMatchObject({
      ok: true,
      value: {
        instance: 'navigator-1',
        grpcAddress: { host: '127.0.0.1', port: 18011 },
        serviceLeafTtlMs: 72 * hourMs,
        nodeLeafTtlMs: 30 * dayMs,
        intermediateTtlMs: 180 * dayMs,
        rootTtlMs: 3_650 * dayMs,
        joinTokensFile: undefined,
        trustBundleFile: undefined,
      },
    });
    if (parsed.ok) expect(listLifetimeMistakes(parsed.value)).toEqual([]);
  });

  test('every mistake at once', () => {
    const parsed = parseConfig(navigatorConfig, {
      NAVIGATOR_DATABASE_URL: 'mysql://x:hunter2@y/z',
      NAVIGATOR_TRUST_DOMAIN: 'Upper',
      NAVIGATOR_ROOT_TLT: '1d',
    });
    expect(parsed.ok ? [] : parsed.mistakes.map(({ variable }) => variable).sort()).toEqual([
      'NAVIGATOR_CA_SECRET_FILE',
      'NAVIGATOR_DATABASE_URL',
      'NAVIGATOR_ROOT_TLT',
      'NAVIGATOR_TRUST_DOMAIN',
    ]);
    expect(JSON.stringify(parsed)).not.toContain('hunter2');
  });
});

describe('listLifetimeMistakes', () => {
  const fitting = { serviceLeafTtlMs: 10, nodeLeafTtlMs: 20, intermediateTtlMs: 40, rootTtlMs: 120 };
  test.each([
    ['just enough', {}, []],
    ['intermediate too short for two leaves', { intermediateTtlMs: 39 }, ['NAVIGATOR_INTERMEDIATE_TTL']],
    ['root too short', { rootTtlMs: 119 }, ['NAVIGATOR_ROOT_TTL']],
    ['the longest leaf counts', { serviceLeafTtlMs: 21 }, ['NAVIGATOR_INTERMEDIATE_TTL', 'NAVIGATOR_ROOT_TTL']],
  ])('%s', (_, change, variables) => {
    expect(listLifetimeMistakes({ ...fitting, ...change }).map(({ variable }) => variable)).toEqual(variables);
  });
});
