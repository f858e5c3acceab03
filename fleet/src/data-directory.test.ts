import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataDirectory } from './data-directory.ts';
import { FleetConfigError, FleetRefusedError } from './mistakes.ts';

let base: string;
const holders: ChildProcess[] = [];

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'fleet-data-'));
});

afterEach(() => {
  for (const holder of holders.splice(0)) holder.kill('SIGKILL');
  rmSync(base, { recursive: true, force: true });
});

/** Another process that holds the directory until it is killed. */
async function holdElsewhere(path: string): Promise<ChildProcess> {
  const module = join(import.meta.dirname, 'data-directory.ts');
  const script = `import { DataDirectory } from ${JSON.stringify(module)};
    DataDirectory.open(${JSON.stringify(path)}); console.log('held'); setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  holders.push(holder);
  await once(holder.stdout, 'data');
  return holder;
}

describe('DataDirectory', () => {
  it('creates the directory for its owner alone', () => {
    const directory = DataDirectory.open(join(base, 'deep', 'data'));
    expect(statSync(directory.path).mode & 0o777).toBe(0o700);
    expect(statSync(directory.directory('a', 'b')).mode & 0o777).toBe(0o700);
    expect(statSync(directory.file('launcher.lock')).mode & 0o777).toBe(0o600);
    directory.release();
  });

  it('can be opened again after it was released', () => {
    const path = join(base, 'data');
    DataDirectory.open(path).release();
    DataDirectory.open(path).release();
  });

  it('closes up a directory of ours that somebody opened', () => {
    const path = join(base, 'data');
    DataDirectory.open(path).release();
    rmSync(join(path, 'launcher.pid'), { force: true });
    mkdirSync(join(base, 'wide'), { mode: 0o755 });
    DataDirectory.open(join(base, 'wide')).release();
    expect(statSync(join(base, 'wide')).mode & 0o777).toBe(0o700);
  });

  it('refuses a second opener in the same process', () => {
    const path = join(base, 'data');
    const first = DataDirectory.open(path);
    expect(() => DataDirectory.open(path)).toThrow(FleetRefusedError);
    first.release();
  });

  it('names the process that holds it', async () => {
    const path = join(base, 'data');
    const holder = await holdElsewhere(path);
    expect(() => DataDirectory.open(path)).toThrow(
      `${path} is in use by the process ${holder.pid}; stop that one first or choose another --data-dir.`,
    );
  });

  it('is free as soon as its holder was killed', async () => {
    const path = join(base, 'data');
    const holder = await holdElsewhere(path);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    DataDirectory.open(path).release();
  });

  it('leaves a directory alone that is not ours', () => {
    writeFileSync(join(base, 'thesis.txt'), 'x');
    const before = statSync(base).mode;
    expect(() => DataDirectory.open(base)).toThrow(FleetConfigError);
    expect(() => DataDirectory.open(base)).toThrow('is not empty and not a data directory of ours');
    expect(statSync(base).mode).toBe(before);
  });

  it.each([
    ['a file', 'file'],
    ['a path below a file', 'file/data'],
  ])('refuses %s', (_, name) => {
    writeFileSync(join(base, 'file'), '');
    expect(() => DataDirectory.open(join(base, name))).toThrow('is not a directory');
  });

  it('refuses a place where nothing can be created', () => {
    expect(() => DataDirectory.open('/proc/fleet-data')).toThrow(FleetConfigError);
  });
});
