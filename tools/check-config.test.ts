import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = dirname(import.meta.dirname);
const files = globSync('services/*/*/src/main.ts', { cwd: root }).sort();

/** What each service cannot do without, by its folder's name. A new service gets a row here. */
const REQUIRED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  navigator: {
    NAVIGATOR_DATABASE_URL: 'postgres://navigator@127.0.0.1/frameworks',
    NAVIGATOR_TRUST_DOMAIN: 'frameworks.test',
    NAVIGATOR_CA_SECRET_FILE: '/etc/frameworks/ca-secret',
  },
  quartermaster: {
    QUARTERMASTER_DATABASE_URL: 'postgres://quartermaster@127.0.0.1/frameworks',
    QUARTERMASTER_KV_URL: 'memory:',
    QUARTERMASTER_TRUST_DOMAIN: 'frameworks.test',
    QUARTERMASTER_TRUST_BUNDLE_FILE: '/etc/frameworks/trust-bundle.pem',
    QUARTERMASTER_IDENTITY_DIR: tmpdir(),
  },
};

/** Starts the service as an operator would, on this Node by type stripping, and with nothing else in its environment. */
function checkConfig(file: string, env: Readonly<Record<string, string>>) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, '--check-config'], {
    cwd: root,
    encoding: 'utf8',
    timeout: 30_000,
    env: { PATH: process.env.PATH ?? '', ...env },
  });
  return { status, stdout, stderr };
}

const STACK = /^\s+at .*:\d+:\d+\)?$/m;

test('there are services', () => {
  expect(files.length).toBeGreaterThan(0);
});

describe.each(files.map((file) => ({ file, service: file.split('/')[2] ?? '' })))('$service', ({ file, service }) => {
  const required = REQUIRED[service] ?? {};
  const prefix = service.toUpperCase().replaceAll('-', '_');

  test('has a row in REQUIRED', () => {
    expect(Object.keys(REQUIRED)).toContain(service);
  });

  test('accepts what it needs and no more', () => {
    const { status, stdout, stderr } = checkConfig(file, required);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/valid/);
  });

  test('names everything it misses', () => {
    const { status, stderr } = checkConfig(file, {});
    expect(status).toBe(2);
    expect(Object.keys(required).filter((variable) => !stderr.includes(variable))).toEqual([]);
    expect(stderr).not.toMatch(STACK);
  });

  test('names every mistake at once: unknown variables with its prefix, and a value it cannot use', () => {
    const unknown = { [`${prefix}_ZEBRA`]: '1', [`${prefix}_QUAGGA`]: '1' };
    const { status, stdout, stderr } = checkConfig(file, {
      ...required,
      ...unknown,
      [`${prefix}_GRPC_ADDRESS`]: 'nowhere',
    });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    for (const variable of [...Object.keys(unknown), `${prefix}_GRPC_ADDRESS`]) expect(stderr).toContain(variable);
    expect(stderr).not.toMatch(STACK);
  });
});
