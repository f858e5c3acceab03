import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../errors.ts';

/** No put pauses this long; what is older was left behind, even if another process has its writer's pid by now. */
const staleAfterMs = 24 * 3_600_000;

/** This process among all that had or will have its pid: in a container every one of them is number 1. */
const writer = `${process.pid}-${randomUUID()}`;

export interface TempFile {
  path: string;
  file: FileHandle;
}

/** A new file to write an object into, named after its writer so that a later open can tell what was left behind: `<pid>-<process>-<file>`. */
export async function createTemp(dir: string): Promise<TempFile> {
  const path = join(dir, `${writer}-${randomUUID()}`);
  return { path, file: await open(path, 'wx', 0o600) };
}

/**
 * Deletes what writers left behind that are gone. Files of living writers stay: several processes of one machine may have
 * the directory open. Resolves to how many were deleted.
 */
export async function sweepTemp(dir: string, now = Date.now()): Promise<number> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  let swept = 0;
  for (const name of await readdir(dir)) {
    const path = join(dir, name);
    if (isWriterRunning(name) && !(await isStale(path, now))) continue;
    await removeTemp(path);
    swept += 1;
  }
  return swept;
}

/** Deletes a file that may already be gone. */
export async function removeTemp(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

function isWriterRunning(name: string): boolean {
  const pid = Number.parseInt(name, 10);
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  if (pid === process.pid) return name.startsWith(`${writer}-`);
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is a running one.
    return codeOf(error) === 'EPERM';
  }
}

async function isStale(path: string, now: number): Promise<boolean> {
  try {
    return now - (await stat(path)).mtimeMs > staleAfterMs;
  } catch {
    return false;
  }
}
