// `npm run bench:idle`: how long an empty fleet takes to be ready, and what it holds in memory when nothing happens.
// The baseline of the same run is bare Node: the time it takes to start, and what it holds.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { median, saveResult } from './result.ts';

const root = dirname(import.meta.dirname);
const laterStarts = 5;
/** Collections and first heartbeats are over by then. */
const idleMs = 10_000;
const startLimitMs = 60_000;

interface Running {
  readonly launcher: ChildProcess;
  readonly readyMs: number;
}

async function startFleet(dataDir: string, mode: readonly string[]): Promise<Running> {
  const beganMs = performance.now();
  const args = ['cli/src/main.ts', 'up', '--data-dir', dataDir, '--port-base', '27000', ...mode];
  const launcher = spawn(process.execPath, args, { cwd: root, stdio: 'ignore' });
  for (;;) {
    if (launcher.exitCode !== null) throw new Error(`the fleet ended with ${launcher.exitCode} before it was ready`);
    if (performance.now() - beganMs > startLimitMs) throw new Error(`the fleet was not ready in ${startLimitMs} ms`);
    const file = await readFile(join(dataDir, 'fleet.json')).catch(() => undefined);
    if (file !== undefined) return { launcher, readyMs: performance.now() - beganMs };
    await pause(10);
  }
}

async function stop({ launcher }: Running): Promise<number> {
  const beganMs = performance.now();
  launcher.kill('SIGINT');
  const [code] = await once(launcher, 'exit');
  if (code !== 0) throw new Error(`the fleet stopped with ${code}`);
  return performance.now() - beganMs;
}

/** Proportional set size of a process and all below it, MiB: shared pages are counted once over all who share them. */
async function measureTree(pid: number): Promise<Record<string, number>> {
  const parents = new Map<number, { parent: number; name: string }>();
  for (const entry of await readdir('/proc')) {
    const stat = /^\d+$/.test(entry) ? await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '') : '';
    const match = /^(\d+) \((.*)\) \S (\d+)/.exec(stat);
    if (match) parents.set(Number(match[1]), { parent: Number(match[3]), name: match[2] ?? '' });
  }
  const below = (candidate: number): boolean => {
    for (let at = candidate; at > 1; at = parents.get(at)?.parent ?? 0) if (at === pid) return true;
    return false;
  };
  const sizes: Record<string, number> = {};
  for (const [candidate, { name }] of parents) {
    if (!below(candidate)) continue;
    const rollup = await readFile(`/proc/${candidate}/smaps_rollup`, 'utf8').catch(() => '');
    const kib = Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0);
    // What Node calls its main thread is what the kernel calls the process.
    const program = name === 'MainThread' ? 'node' : name;
    sizes[program] = (sizes[program] ?? 0) + kib / 1024;
  }
  return sizes;
}

async function measureBareNode(): Promise<{ startMs: number; memoryMib: number }> {
  const starts: number[] = [];
  for (let round = 0; round < laterStarts; round++) {
    const beganMs = performance.now();
    await once(spawn(process.execPath, ['-e', '0']), 'exit');
    starts.push(performance.now() - beganMs);
  }
  const idle = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)']);
  await pause(1_000);
  const sizes = await measureTree(idle.pid ?? 0);
  idle.kill();
  return { startMs: median(starts), memoryMib: total(sizes) };
}

const total = (sizes: Record<string, number>): number => Object.values(sizes).reduce((sum, size) => sum + size, 0);
const round = (value: number): number => Math.round(value * 10) / 10;

async function measureMode(mode: readonly string[]) {
  const dataDir = await mkdtemp(join(tmpdir(), 'frameworks-bench-'));
  try {
    const first = await startFleet(dataDir, mode);
    const stops = [await stop(first)];
    const later: number[] = [];
    let sizes: Record<string, number> = {};
    for (let start = 1; start <= laterStarts; start++) {
      const running = await startFleet(dataDir, mode);
      later.push(running.readyMs);
      if (start === laterStarts) {
        await pause(idleMs);
        sizes = await measureTree(running.launcher.pid ?? 0);
      }
      stops.push(await stop(running));
    }
    return {
      firstStartMs: Math.round(first.readyMs),
      laterStartMs: Math.round(median(later)),
      stopMs: Math.round(median(stops)),
      memoryMib: round(total(sizes)),
      memoryMibByProgram: Object.fromEntries(Object.entries(sizes).map(([name, size]) => [name, round(size)])),
    };
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

const bareNode = await measureBareNode();
const embedded = await measureMode([]);
const processes = await measureMode(['--processes']);
const report = {
  bareNode: { startMs: Math.round(bareNode.startMs), memoryMib: round(bareNode.memoryMib) },
  embedded,
  processes,
  ratios: {
    laterStartToBareNode: round(embedded.laterStartMs / bareNode.startMs),
    memoryToBareNode: round(embedded.memoryMib / bareNode.memoryMib),
    processesToEmbeddedMemory: round(processes.memoryMib / embedded.memoryMib),
  },
};
console.log(JSON.stringify(report, null, 2));
await saveResult('idle', report);
