import { readFileSync } from 'node:fs';
import type { Clock } from '@frameworks/std';
import { writePrivateFile } from './files.ts';
import { findProcess, isRunning, type ProcessIdentity, signalProcess } from './process-identity.ts';

/**
 * The processes this launcher started, on disk. When a launcher is killed, its children end by themselves (their pipe
 * closes); the next launcher knows from here whom to wait for, and ends who does not.
 */
export class ChildRecords {
  readonly #path: string;
  readonly #children = new Map<number, ProcessIdentity>();

  constructor(path: string) {
    this.#path = path;
  }

  add(pid: number): void {
    const identity = findProcess(pid);
    if (!identity) return;
    this.#children.set(pid, identity);
    this.#write();
  }

  remove(pid: number): void {
    if (this.#children.delete(pid)) this.#write();
  }

  #write(): void {
    try {
      writePrivateFile(this.#path, `${JSON.stringify([...this.#children.values()])}\n`);
    } catch {
      // A help for the next launcher, no more: a full disk must not keep anything from being stopped or started again.
    }
  }
}

const pollMs = 50;

/**
 * Waits until the children that an earlier launcher recorded are gone. Whoever still runs after `patienceMs` is killed; by
 * pid *and* start time, so never somebody else. Answers how many were found running.
 */
export async function endLeftovers(
  path: string,
  options: { clock: Clock; patienceMs: number; signal?: AbortSignal },
): Promise<number> {
  const found = readRecords(path).filter(isRunning);
  const deadline = options.clock.monotonic() + options.patienceMs;
  while (found.some(isRunning) && options.clock.monotonic() < deadline)
    await options.clock.sleep(pollMs, options.signal);
  for (const identity of found) signalProcess(identity, 'SIGKILL');
  const killDeadline = options.clock.monotonic() + options.patienceMs;
  while (found.some(isRunning) && options.clock.monotonic() < killDeadline)
    await options.clock.sleep(pollMs, options.signal);
  return found.length;
}

function readRecords(path: string): ProcessIdentity[] {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return Array.isArray(value) ? value.filter(isIdentity) : [];
  } catch {
    // No file: a first start. A torn one cannot be: it is written at once.
    return [];
  }
}

function isIdentity(value: unknown): value is ProcessIdentity {
  if (typeof value !== 'object' || value === null) return false;
  return 'pid' in value && typeof value.pid === 'number' && 'startedAt' in value && typeof value.startedAt === 'string';
}
