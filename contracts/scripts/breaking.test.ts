import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { contractsDirectory } from '../test/contracts.ts';

describe('breaking', () => {
  let repository = '';
  let contracts = '';

  /** Without the machine's own git settings, which may sign commits or name hooks. */
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' };
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.test', ...args], {
      cwd: repository,
      env,
    });
  const breaking = (...args: string[]) =>
    spawnSync(process.execPath, [join(contractsDirectory, 'scripts/breaking.ts'), ...args], {
      cwd: contracts,
      env,
      encoding: 'utf8',
    });

  beforeAll(() => {
    repository = mkdtempSync(join(tmpdir(), 'breaking-'));
    contracts = join(repository, 'contracts');
    mkdirSync(contracts);
    git('init', '--quiet', '--initial-branch=main');
    git('commit', '--quiet', '--allow-empty', '-m', 'empty');
    git('tag', 'before-contracts');
    for (const name of ['buf.yaml', 'proto'])
      cpSync(join(contractsDirectory, name), join(contracts, name), { recursive: true });
    git('add', '.');
    git('commit', '--quiet', '-m', 'contracts');
  });
  afterEach(() => void git('checkout', '--quiet', '--', '.'));
  afterAll(() => rmSync(repository, { recursive: true, force: true }));

  const edit = (path: string, change: (text: string) => string) => {
    const file = join(contracts, 'proto', path);
    const before = readFileSync(file, 'utf8');
    const after = change(before);
    expect(after).not.toBe(before);
    writeFileSync(file, after);
  };

  test('passes an addition', () => {
    edit('frameworks/common/v1/geo.proto', (text) => `${text}\n// New.\nmessage Region {}\n`);
    const result = breaking();
    expect(result.stderr + result.stdout).toContain('nothing here breaks callers of "main"');
    expect(result.status).toBe(0);
  });

  test('fails a field that changed its number', () => {
    edit('frameworks/common/v1/geo.proto', (text) => text.replace('longitude = 2', 'longitude = 3'));
    const result = breaking('main');
    expect(result.stderr + result.stdout).toContain('longitude');
    expect(result.status).not.toBe(0);
  });

  test('says so when the ref has no contracts', () => {
    const result = breaking('before-contracts');
    expect(result.stdout).toContain('"before-contracts" has no contracts');
    expect(result.status).toBe(0);
  });

  test('says so when there is no such ref', () => {
    const result = breaking('nowhere');
    expect(result.stderr).toContain('no git ref "nowhere"');
    expect(result.status).toBe(1);
  });
});
