import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRunning, type ProcessIdentity } from '@frameworks/fleet/process-identity';
import { claimPortBlock, expectNoProcessLeft, type PortBlock, settle } from '@frameworks/testkit';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';

export const bin = join(import.meta.dirname, '../bin/frameworks');
let ports: PortBlock | undefined;
const launchers: ChildProcess[] = [];

beforeAll(async () => {
  ports = await claimPortBlock();
});

afterAll(() => ports?.release());

afterEach(() => {
  for (const launcher of launchers.splice(0)) launcher.kill('SIGKILL');
});

/** `frameworks up` as a process, or what was started in its stead. */
export interface Launcher {
  readonly child: ChildProcess;
  readonly exit: Promise<{ code: number | null; signal: string | null }>;
  /** Both streams, so far. */
  output(): string;
}

export interface LaunchOptions {
  readonly args?: readonly string[];
  readonly env?: Record<string, string>;
  /** The arguments of the CLI → the command to run; default: the CLI itself, in the data directory. */
  readonly command?: (args: readonly string[]) => { argv: readonly [string, ...string[]]; cwd: string };
}

/** Starts on ports of this test file; ended with the test. */
export function launch(dataDir: string, options: LaunchOptions = {}): Launcher {
  const own = ['--data-dir', dataDir, '--port-base', String(ports?.base), ...(options.args ?? [])];
  const { argv, cwd } = options.command?.(own) ?? { argv: [bin, 'up', ...own] as const, cwd: dataDir };
  const [program, ...args] = argv;
  const child = spawn(program, args, { cwd, env: { ...process.env, ...options.env }, stdio: 'pipe' });
  launchers.push(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += String(chunk)));
  const exit = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  return { child, exit, output: () => text };
}

export async function untilReady(launcher: Launcher): Promise<void> {
  const describe = () => launcher.output();
  await settle(() => launcher.output().includes('Ready after') || launcher.child.exitCode !== null, {
    timeoutMs: 60_000,
    describe,
  });
  expect(launcher.output()).toContain('Ready after');
}

/** Everything a fleet runs outside the launcher's process. */
export function listChildren(dataDir: string): ProcessIdentity[] {
  const records: ProcessIdentity[] = JSON.parse(readFileSync(join(dataDir, 'children.json'), 'utf8'));
  return records.filter(isRunning);
}

/** Fails unless it ends with 0 within five seconds from now, with nothing left. */
export async function expectStopped(
  launcher: Launcher,
  dataDir: string,
  children: readonly ProcessIdentity[] = [],
): Promise<void> {
  const begun = performance.now();
  const exit = await launcher.exit;
  expect({ ...exit, output: exit.code === 0 ? '' : launcher.output() }).toEqual({ code: 0, signal: null, output: '' });
  expect(performance.now() - begun).toBeLessThan(5000);
  expect(children.filter(isRunning)).toEqual([]);
  await expectNoProcessLeft(dataDir);
  expect(existsSync(join(dataDir, 'fleet.json'))).toBe(false);
}
