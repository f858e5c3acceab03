import { describe, expect, test } from 'vitest';
import type { SkippedSuite, Tally } from './tally.ts';
import { judge } from './verdict.ts';

const OPTIONS = { requireServices: false, namePattern: false, find: () => undefined };
const REDIS: SkippedSuite = { file: 'src/kv.redis.test.ts', name: 'kv', tests: 2 };
const tally = (passed: number, failed: number, ...skipped: SkippedSuite[]): Tally => ({
  passed,
  failures: Array.from({ length: failed }, (_, index) => ({ title: `failure ${index}`, errors: [] })),
  skipped,
});

describe('judge', () => {
  test.each([
    ['all passed', tally(3, 0), {}, '3 passed, 0 failed', 0],
    ['one failed', tally(3, 1), {}, '3 passed, 1 failed', 1],
    ['nothing executed', tally(0, 0), {}, '0 passed, 1 failed', 1],
    ['some skipped', tally(3, 0, REDIS), {}, '3 passed, 0 failed, 2 skipped', 0],
    ['all skipped', tally(0, 0, REDIS), {}, '0 passed, 1 failed, 2 skipped', 1],
    ['skipped where servers are required', tally(3, 1, REDIS), { requireServices: true }, '3 passed, 3 failed', 1],
    ['left out by -t', tally(3, 0, REDIS), { requireServices: true, namePattern: true }, '3 passed, 0 failed', 0],
  ])('%s', (_case, given, options, last, exitCode) => {
    const verdict = judge(given, { ...OPTIONS, ...options });
    expect({ last: verdict.lines.at(-1), exitCode: verdict.exitCode }).toEqual({ last, exitCode });
  });

  test.each([
    ['the program its file name asks for', REDIS, 'kv (2): redis-server not found: npm run setup:services'],
    ['its own note', { ...REDIS, note: 'only on arm64' }, 'kv (2): only on arm64'],
    ['a reason in its name', { ...REDIS, name: 'kv skipped: no licence' }, 'kv (2): no licence'],
    ['nothing', { ...REDIS, file: 'src/kv.test.ts' }, 'kv (2): skipped in its source'],
  ])('gives as the reason of a skip %s', (_case, suite, line) => {
    expect(judge(tally(1, 0, suite), OPTIONS).lines[0]).toBe(`skipped: ${suite.file} > ${line}`);
  });
});
