import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { basename } from 'node:path';
import { FleetRefusedError } from './mistakes.ts';
import type { PlannedPort } from './ports.ts';

/** Every listener of the fleet is on loopback; nothing is offered to the network unasked. */
export const loopback = '127.0.0.1';

/**
 * Looks whether all planned ports are free, before anything starts. Throws `FleetRefusedError` with one sentence: which ports, who
 * wants them, who holds them, what to do.
 */
export async function assertPortsFree(plan: readonly PlannedPort[]): Promise<void> {
  const free = await Promise.all(plan.map((planned) => isPortFree(planned.port)));
  const taken = plan.filter((_, index) => !free[index]);
  const [first] = taken;
  if (!first) return;
  const suggestion = await findFreeBase(plan.length);
  const way = `--port-base${suggestion === undefined ? '' : ` ${suggestion}`}`;
  const byHolder = Map.groupBy(taken, ({ port }) => describeHolder(port));
  const what = [...byHolder].map(([holder, ports]) => describe(holder, ports)).join('; ');
  throw new FleetRefusedError(
    `${what}; stop ${byHolder.size === 1 ? 'that program' : 'those programs'} or start with ${way}.`,
  );
}

function describeHolder(port: number): string {
  const holder = findListener(port);
  return holder ? `${holder.program} (pid ${holder.pid})` : 'another program';
}

function describe(holder: string, taken: readonly PlannedPort[]): string {
  const [first, ...more] = taken;
  if (first && more.length === 0) {
    return `port ${first.port}, which ${first.owner} needs for ${first.purpose}, is taken by ${holder}`;
  }
  const ports = taken.map(({ port, owner, purpose }) => `${port} (${owner} ${purpose})`);
  return `ports ${new Intl.ListFormat('en').format(ports)} are taken by ${holder}`;
}

/** Can this port be listened on, on loopback? */
export async function isPortFree(port: number): Promise<boolean> {
  const server = createServer();
  return await new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen({ port, host: loopback, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** A base with `count` free ports above it right now; below the range that systems hand out to clients. */
async function findFreeBase(count: number): Promise<number | undefined> {
  for (let base = 21_000; base < 32_000; base += 1000) {
    const free = await Promise.all(Array.from({ length: count }, (_, index) => isPortFree(base + index)));
    if (free.every(Boolean)) return base;
  }
  return undefined;
}

/** Who listens on the port, as far as /proc tells this user. */
export function findListener(port: number): { pid: number; program: string } | undefined {
  const inodes = new Set(['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) => listeningInodes(table, port)));
  if (inodes.size === 0) return undefined;
  const links = new Set([...inodes].map((inode) => `socket:[${inode}]`));
  for (const name of list('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const descriptors = list(`/proc/${name}/fd`);
    if (descriptors.some((fd) => links.has(readLink(`/proc/${name}/fd/${fd}`)))) {
      return { pid: Number(name), program: findProgramName(name) };
    }
  }
  return undefined;
}

/** proc(5): the main thread's name is the program's unless the program renames it, as Node does. */
function findProgramName(pid: string): string {
  const threadName = read(`/proc/${pid}/comm`).trim();
  const [program = ''] = read(`/proc/${pid}/cmdline`).split('\0');
  return (threadName === 'MainThread' ? basename(program) : threadName) || 'a program';
}

/** proc(5): column 2 is the local address with its port in hex, column 4 the state (0A: LISTEN), column 10 the socket's inode. */
function listeningInodes(table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = read(table)
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  return rows.filter((row) => row[1]?.endsWith(suffix) && row[3] === '0A').map((row) => row[9] ?? '');
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
