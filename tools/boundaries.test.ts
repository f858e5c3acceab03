import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { checkBoundaries, formatViolation } from './boundaries/check.ts';
import { GLOBAL_RULES, IMPORT_RULES } from './boundaries/rules.ts';

const WORKSPACES: Readonly<Record<string, string>> = {
  contracts: '@frameworks/contracts',
  'packages/std': '@frameworks/std',
  'packages/kit': '@frameworks/kit',
  'packages/stores': '@frameworks/stores',
  'packages/identity': '@frameworks/identity',
  'packages/testkit': '@frameworks/testkit',
  'services/media/foghorn': '@frameworks/foghorn',
  'services/control/commodore': '@frameworks/commodore',
  fleet: '@frameworks/fleet',
  cli: '@frameworks/cli',
  console: '@frameworks/console',
};

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A repository of this shape with one more file in it; gives the names of the rules it breaks. */
function plant(file: string, text: string): string[] {
  const root = mkdtempSync(join(tmpdir(), 'boundaries-'));
  folders.push(root);
  const write = (path: string, content: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  };
  for (const [folder, name] of Object.entries(WORKSPACES)) write(`${folder}/package.json`, JSON.stringify({ name }));
  write(file, text);
  return checkBoundaries(root).violations.map(({ rule }) => rule);
}

const SERVICE = 'services/media/foghorn/src/route.ts';

const PLANTED: readonly (readonly [rule: string, file: string, text: string])[] = [
  ['service-to-service', SERVICE, `import { x } from '@frameworks/commodore';`],
  ['service-to-service', SERVICE, `import type { X } from '../../../control/commodore/src/x.ts';`],
  ['service-to-service', SERVICE, `const x = await import('@frameworks/commodore/x');`],
  ['service-to-service', SERVICE, `export * from '@frameworks/commodore/x';`],
  ['service-to-service', SERVICE, `let x: import('@frameworks/commodore').X;`],
  ['services-by-fleet-only', 'packages/kit/src/x.ts', `import '@frameworks/foghorn';`],
  ['services-by-fleet-only', 'cli/src/x.ts', `import '@frameworks/foghorn';`],
  ['fleet-by-cli-and-tests-only', SERVICE, `import '@frameworks/fleet';`],
  ['fleet-by-cli-and-tests-only', 'packages/stores/src/x.ts', `import '../../../fleet/src/index.ts';`],
  ['contracts-alone', 'contracts/services.ts', `import '@frameworks/std';`],
  ['contracts-alone', 'contracts/services.ts', `import 'node:fs';`],
  ['contracts-alone', 'contracts/gen/x_pb.ts', `import 'long';`],
  ['contracts-alone', 'contracts/x.test.ts', `import '@frameworks/kit';`],
  ['std-alone', 'packages/std/src/x.ts', `import 'pino';`],
  ['std-alone', 'packages/std/src/x.test.ts', `import '@frameworks/testkit';`],
  ['kit-below-identity-and-stores', 'packages/kit/src/x.ts', `import '@frameworks/identity';`],
  ['kit-below-identity-and-stores', 'packages/kit/src/x.test.ts', `import '@frameworks/stores/sql';`],
  ['console-in-the-browser', 'console/src/x.ts', `import '@frameworks/stores';`],
  ['console-in-the-browser', 'console/src/x.ts', `import 'fs';`],
  ['testkit-in-tests-only', SERVICE, `import '@frameworks/testkit';`],
  ['environment-at-the-rim', SERVICE, `const x = process.env.HOME;`],
  ['environment-at-the-rim', SERVICE, `const { env } = process;`],
  ['environment-at-the-rim', SERVICE, `import { env as e } from 'node:process';`],
  ['environment-at-the-rim', SERVICE, `const x = globalThis.process['env'];`],
  ['console-at-the-rim', SERVICE, `console.log('x');`],
  ['console-at-the-rim', 'packages/stores/src/x.ts', `globalThis.console.warn('x');`],
];

const ALLOWED: readonly (readonly [why: string, file: string, text: string])[] = [
  ['a service uses contracts', SERVICE, `import '@frameworks/contracts/x';`],
  ['a service imports itself by name', SERVICE, `import '@frameworks/foghorn/x';`],
  ['fleet imports services', 'fleet/src/x.ts', `import '@frameworks/foghorn';`],
  ['the cli imports fleet', 'cli/src/x.ts', `import '@frameworks/fleet';`],
  ['a test imports fleet', 'services/media/foghorn/src/x.fleet.test.ts', `import '@frameworks/fleet';`],
  ['a test imports testkit', 'packages/stores/src/x.test.ts', `import '@frameworks/testkit';`],
  ['a conformance suite imports testkit', 'packages/stores/src/kv/conformance.ts', `import '@frameworks/testkit';`],
  ['contracts use protobuf', 'contracts/gen/x_pb.ts', `import '@bufbuild/protobuf/codegenv2';`],
  ['std uses Node', 'packages/std/src/x.ts', `import 'node:crypto';`],
  ['main reads the environment', 'services/media/foghorn/src/main.ts', `console.log(process.env);`],
  ['words in comments and strings', SERVICE, `// console.log(process.env)\nconst x = "import '@frameworks/fleet'";`],
];

describe('each rule fails on a planted violation', () => {
  test.each(PLANTED)('%s: %s with %s', (rule, file, text) => {
    expect(plant(file, text)).toContain(rule);
  });

  test('no rule is without one', () => {
    const rules = [...IMPORT_RULES, ...GLOBAL_RULES].map(({ name }) => name);
    expect(new Set(PLANTED.map(([rule]) => rule))).toEqual(new Set(rules));
  });

  test.each(ALLOWED)('no rule fails where %s', (_why, file, text) => {
    expect(plant(file, text)).toEqual([]);
  });
});

describe('this repository', () => {
  const report = checkBoundaries(dirname(import.meta.dirname));

  test('was looked at: known modules of each layer and their imports are in the report', () => {
    expect(report.modules).toEqual(
      expect.arrayContaining(['packages/std/src/clock.ts', 'packages/kit/src/errors.ts', 'tools/boundaries.test.ts']),
    );
    expect(report.modules.some((file) => file.startsWith('contracts/gen/'))).toBe(true);
    expect(report.imports).toBeGreaterThan(report.modules.length);
  });

  test('keeps every boundary', () => {
    expect(report.violations.map(formatViolation)).toEqual([]);
  });
});
