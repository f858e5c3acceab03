import { readFileSync } from 'node:fs';

/** A process that cannot be mistaken for a later one with the same pid. */
export interface ProcessIdentity {
  pid: number;
  /** When the kernel started it, in clock ticks since boot; `''` where the system has no /proc. */
  startedAt: string;
}

/** The process that has this pid now; undefined when there is none (a zombie counts as none). */
export function findProcess(pid: number): ProcessIdentity | undefined {
  if (!isAlive(pid)) return undefined;
  const fields = readStat(pid);
  if (!fields) return { pid, startedAt: '' };
  if (fields[0] === 'Z') return undefined;
  // proc(5): field 22 is starttime; the split begins at field 3.
  return { pid, startedAt: fields[19] ?? '' };
}

/** Is it still the same process? Without /proc only the pid can be compared. */
export function isRunning(identity: ProcessIdentity): boolean {
  return findProcess(identity.pid)?.startedAt === identity.startedAt;
}

/** Sends the signal to exactly that process; nothing happens when it is gone or its pid belongs to another one now. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isRunning(identity)) return;
  try {
    process.kill(identity.pid, signal);
  } catch {
    // It ended between the look and the signal, which is what the signal was for.
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it exists and belongs to somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Fields of /proc/<pid>/stat from the state (field 3) on. The name before it may contain spaces and parentheses. */
function readStat(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}
