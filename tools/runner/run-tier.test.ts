import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';

const PROGRAM = join(import.meta.dirname, '..', 'test.ts');
const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Runs the real runner on a folder with these files, as a user would, and gives its output and exit code. */
function run(files: Readonly<Record<string, string>>, { args = ['short'], env = {} } = {}) {
  const root = mkdtempSync(join(tmpdir(), 'runner-'));
  folders.push(root);
  writeFileSync(join(root, 'vitest.config.ts'), config('**/*.test.js'));
  writeFileSync(join(root, 'vitest.long.config.ts'), config('**/*.long.test.js'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text);
  const { VITEST: _vitest, REQUIRE_SERVICES: _require, ...inherited } = process.env;
  const child = spawnSync(process.execPath, [PROGRAM, ...args, '--root', root], {
    encoding: 'utf8',
    timeout: 60_000,
    env: { ...inherited, ...env },
  });
  const lines = child.stdout.trimEnd().split('\n');
  return { status: child.status, last: lines.at(-1), text: child.stdout + child.stderr };
}

function config(include: string): string {
  return `export default { test: { globals: true, pool: 'forks', include: ['${include}'] } };`;
}

const GOOD = `test('adds', () => expect(1 + 1).toBe(2));`;

describe('the last line and the exit code', { timeout: 90_000 }, () => {
  test('all pass', () => {
    const { status, last, text } = run({ 'a.test.js': GOOD, 'b.test.js': GOOD });
    expect({ status, last }, text).toEqual({ status: 0, last: '2 passed, 0 failed' });
  });

  test('one fails: its error is shown in full, with what its file printed', () => {
    const failing = `test('sums', () => { console.log('hint 42'); expect({ a: 1 }).toEqual({ a: 2 }); });`;
    const { status, last, text } = run({ 'a.test.js': GOOD, 'b.test.js': failing });
    expect({ status, last }, text).toEqual({ status: 1, last: '1 passed, 1 failed' });
    expect(text).toContain('FAILED b.test.js > sums');
    expect(text).toContain('"a": 2');
    expect(text).toContain('hint 42');
  });

  test('what a passing file prints is not shown', () => {
    const { text } = run({
      'a.test.js': `test('x', () => { console.log('chatter'); process.stdout.write('noise'); });`,
    });
    expect(text).not.toMatch(/chatter|noise/);
  });

  test('a hook that throws is a failure, and the tests below it are not called skipped', () => {
    const broken = `describe('s', () => { beforeAll(() => { throw new Error('no socket'); }); test('x', () => {}); });`;
    const { status, last, text } = run({ 'a.test.js': GOOD, 'b.test.js': broken });
    expect({ status, last }, text).toEqual({ status: 1, last: '1 passed, 1 failed' });
    expect(text).toContain('no socket');
  });

  test.each([
    ['a file that cannot be loaded', `import './missing.js';`],
    ['a file without tests', `export {};`],
    ['a file that ends its process', `test('x', () => { process.kill(process.pid, 'SIGKILL'); });`],
    ['an error nobody awaits', `test('x', () => { Promise.reject(new Error('lost')); });`],
  ])('%s is a failure', (_case, text) => {
    const result = run({ 'a.test.js': GOOD, 'b.test.js': text });
    expect(result.status, result.text).toBe(1);
    expect(result.last).toMatch(/^[12] passed, [12] failed$/);
  });

  test('a config that cannot be loaded is a failure', () => {
    const { status, last } = run({ 'a.test.js': GOOD, 'vitest.config.ts': 'throw new Error("bad config");' });
    expect({ status, last }).toEqual({ status: 1, last: '0 passed, 1 failed' });
  });
});

describe('nothing to run', { timeout: 90_000 }, () => {
  test('no files in the short tier is a failure', () => {
    expect(run({})).toMatchObject({ status: 1, last: '0 passed, 1 failed' });
  });

  test('no files in the long tier is said and is no failure', () => {
    const { status, last, text } = run({ 'a.test.js': GOOD }, { args: ['long'] });
    expect({ status, last }).toEqual({ status: 0, last: '0 passed, 0 failed' });
    expect(text).toContain('This tier has no test files yet.');
  });

  test('a filter that matches no file is a failure, and one that matches runs only that file', () => {
    const files = { 'a.test.js': GOOD, 'b.test.js': GOOD };
    expect(run(files, { args: ['short', 'zebra'] })).toMatchObject({ status: 1, last: '0 passed, 1 failed' });
    expect(run(files, { args: ['short', 'b.test'] })).toMatchObject({ status: 0, last: '1 passed, 0 failed' });
  });

  test('everything skipped is a failure', () => {
    const { status, last } = run({ 'a.test.js': `test.skip('x', () => {});` });
    expect({ status, last }).toEqual({ status: 1, last: '0 passed, 1 failed, 1 skipped' });
  });
});

describe('skipped suites', { timeout: 90_000 }, () => {
  const files = {
    'a.test.js': GOOD,
    'kv.redis.test.js': `describe.skip('kv on redis', () => { test('x', () => {}); test('y', () => {}); });`,
  };

  test('are listed by name with the reason, once per suite', () => {
    const { status, last, text } = run(files, { env: { PATH: '/nowhere' } });
    expect({ status, last }, text).toEqual({ status: 0, last: '1 passed, 0 failed, 2 skipped' });
    expect(text).toContain(
      'skipped: kv.redis.test.js > kv on redis (2): redis-server not found: npm run setup:services',
    );
  });

  test('may state the reason in their own name', () => {
    const stating = {
      'a.test.js': GOOD,
      'b.test.js': `describe.skip('sql skipped: no postgres here', () => { test('x', () => {}); });`,
    };
    expect(run(stating).text).toContain('skipped: b.test.js > sql (1): no postgres here');
  });

  test('are failures with REQUIRE_SERVICES=1', () => {
    const { status, last } = run(files, { env: { REQUIRE_SERVICES: '1' } });
    expect({ status, last }).toEqual({ status: 1, last: '1 passed, 2 failed' });
  });

  test('with -t, the tests left out are no news', () => {
    const { status, last } = run(
      { 'a.test.js': `${GOOD} test('other', () => {});` },
      { args: ['short', '-t', 'adds'] },
    );
    expect({ status, last }).toEqual({ status: 0, last: '1 passed, 0 failed' });
  });
});
