import { parseConfig } from '@frameworks/kit/config';
import { runProgram } from '@frameworks/kit/run-program';
import { systemClock } from '@frameworks/std';
import { describe, expect, test } from 'vitest';
import { navigatorConfig } from './config.ts';
import { navigator } from './navigator.ts';

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

  test('lifetimes that do not fit are found before anything starts', async () => {
    const lines: string[] = [];
    const exitCode = await runProgram(navigator, {
      args: ['--check-config'],
      env: { ...needed, NAVIGATOR_INTERMEDIATE_TTL: '59d' },
      clock: systemClock,
      stdout: (line) => lines.push(line),
      stderr: (line) => lines.push(line),
      onStopRequest: () => undefined,
    });
    expect(exitCode).toBe(2);
    expect(lines).toEqual([expect.stringMatching(/^navigator: 1 mistake .*\n {2}NAVIGATOR_INTERMEDIATE_TTL must be/)]);
  });
});
