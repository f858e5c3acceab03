import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { compareFolders } from './generate-check.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'generate-check-'));
  write('committed/a/x_pb.ts', 'x');
  write('fresh/a/x_pb.ts', 'x');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

const stale = () => compareFolders(join(root, 'committed'), join(root, 'fresh'));

test('equal folders differ in nothing', () => {
  expect(stale()).toEqual([]);
});

test('a changed, a missing and a left-over file are named', () => {
  write('committed/a/x_pb.ts', 'edited by hand');
  write('fresh/new_pb.ts', 'n');
  write('committed/old_pb.ts', 'o');
  expect(stale()).toEqual(['a/x_pb.ts', 'new_pb.ts', 'old_pb.ts']);
});

test('a generator that made nothing is a mistake, not a match', () => {
  rmSync(join(root, 'fresh'), { recursive: true });
  mkdirSync(join(root, 'fresh'));
  expect(stale).toThrow('made no files');
});
