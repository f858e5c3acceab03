import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@frameworks/std';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ChildRecords, endLeftovers } from './child-records.ts';
import { findProcess, isRunning } from './process-identity.ts';

let directory: string;
let path: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'fleet-children-'));
  path = join(directory, 'children.json');
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

async function start(script: string): Promise<number> {
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  await once(child.stdout, 'data');
  return child.pid ?? 0;
}

const stubborn = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('up')";
const options = { clock: systemClock, patienceMs: 200 };

describe('endLeftovers', () => {
  it('is no obstacle when it cannot be written', () => {
    const records = new ChildRecords('/proc/nowhere/children.json');
    records.add(process.pid);
    records.remove(process.pid);
  });

  it('finds nothing where nothing was recorded', async () => {
    expect(await endLeftovers(path, options)).toBe(0);
  });

  it('kills who does not end by itself', async () => {
    const pid = await start(stubborn);
    new ChildRecords(path).add(pid);
    expect(await endLeftovers(path, options)).toBe(1);
    expect(findProcess(pid)).toBeUndefined();
  });

  it('waits for who does', async () => {
    const pid = await start("setTimeout(() => process.exit(), 100); console.log('up')");
    new ChildRecords(path).add(pid);
    expect(await endLeftovers(path, { ...options, patienceMs: 10_000 })).toBe(1);
    expect(findProcess(pid)).toBeUndefined();
  });

  it('does not touch a process that merely has the same pid', async () => {
    const pid = await start(stubborn);
    const identity = { pid, startedAt: '1' };
    writeFileSync(path, JSON.stringify([identity]));
    expect(isRunning(identity)).toBe(false);
    expect(await endLeftovers(path, options)).toBe(0);
    expect(findProcess(pid)).toBeDefined();
  });

  it('forgets children that ended in an orderly way', async () => {
    const pid = await start(stubborn);
    const records = new ChildRecords(path);
    records.add(pid);
    records.remove(pid);
    expect(await endLeftovers(path, options)).toBe(0);
    expect(findProcess(pid)).toBeDefined();
  });

  it.each(['', '{', '{}', '[1, null, {"pid":"x"}]'])('takes %j for no records', async (text) => {
    writeFileSync(path, text);
    expect(await endLeftovers(path, options)).toBe(0);
  });
});
