import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Runs the real script, from elsewhere, with an `npm` that answers per script: what it prints and its exit code. */
function run(answers: Readonly<Record<string, readonly [output: string, code: number]>>) {
  const root = mkdtempSync(join(tmpdir(), 'ci-run-'));
  folders.push(root);
  for (const folder of ['.ci', 'bin', 'node_modules/old']) mkdirSync(join(root, folder), { recursive: true });
  copyFileSync(join(dirname(import.meta.dirname), '.ci', 'run'), join(root, '.ci', 'run'));
  const cases = Object.entries(answers).map(
    ([script, [output, code]]) => `*' ${script} '*) printf '${output}'; exit ${code};;`,
  );
  writeFileSync(
    join(root, 'bin', 'npm'),
    `#!/bin/sh\necho "$CI $REQUIRE_SERVICES $*" >> '${root}/calls'\ncase " $* " in\n${cases.join('\n')}\nesac\n`,
  );
  chmodSync(join(root, 'bin', 'npm'), 0o755);
  const child = spawnSync('bash', [join(root, '.ci', 'run')], {
    cwd: tmpdir(),
    encoding: 'utf8',
    timeout: 30_000,
    env: { PATH: `${join(root, 'bin')}:${process.env.PATH ?? ''}` },
  });
  const calls = spawnSync('cat', [join(root, 'calls')], { encoding: 'utf8' })
    .stdout.trim()
    .split('\n');
  return { status: child.status, last: child.stdout.trimEnd().split('\n').at(-1), text: child.stdout, calls };
}

describe('.ci/run', () => {
  test('runs every stage in order and sums both tiers in its last line', () => {
    const result = run({ test: ['noise\\n41 passed, 0 failed\\n', 0], 'test:long': ['1 passed, 0 failed\\n', 0] });
    expect({ status: result.status, last: result.last }, result.text).toEqual({
      status: 0,
      last: '42 passed, 0 failed',
    });
    expect(result.calls[0]).toBe('true 1 ci');
    expect(result.calls.at(-1)).toBe('true 1 run --silent test:long');
    expect(result.text).toMatch(/^=== types$/m);
    expect(result.text).toMatch(/^--- types: \d+ s$/m);
  });

  test('stops at a stage that fails and counts it', () => {
    const result = run({ types: ['a type error\\n', 2] });
    expect({ status: result.status, last: result.last }).toEqual({ status: 1, last: '0 passed, 1 failed' });
    expect(result.text).toMatch(/^--- types: FAILED/m);
    expect(result.calls.join('\n')).not.toMatch(/boundaries|test/);
  });

  test('a failing tier gives its own numbers', () => {
    const result = run({ test: ['7 passed, 2 failed\\n', 1] });
    expect({ status: result.status, last: result.last }).toEqual({ status: 1, last: '7 passed, 2 failed' });
  });

  test.each([
    ['dies without its line', 'Segmentation fault\\n', 139],
    ['ends well without its line', '', 0],
    ['says that all passed and fails', '7 passed, 0 failed\\n', 1],
  ])('a tier that %s has failed', (_case, output, code) => {
    const result = run({ test: [output, code] });
    expect(result.status).toBe(1);
    expect(result.last).toMatch(/^[07] passed, 1 failed$/);
  });

  test('a long tier without tests is no failure', () => {
    const result = run({ test: ['5 passed, 0 failed\\n', 0], 'test:long': ['0 passed, 0 failed\\n', 0] });
    expect({ status: result.status, last: result.last }).toEqual({ status: 0, last: '5 passed, 0 failed' });
  });
});
