import { constants } from 'node:fs';
import { copyFile, type FileHandle, mkdir, open, rename, stat, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Clock, systemClock } from '@frameworks/std';

const maxSizeBytes = 4 * 1024 * 1024;
const checkEveryMs = 30_000;

/**
 * Opens a server's log, empty: what an earlier run wrote moves to `<path>.1`. The descriptor appends, so the file can be cut
 * while the server writes.
 */
export async function openLogFile(path: string): Promise<FileHandle> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  // Nobody writes to it now, so it needs no copy, for which a full disk has no room.
  await rename(path, `${path}.1`).catch(ignoreMissing);
  return open(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT, 0o600);
}

/**
 * Keeps the log of a running server below 4 MiB (checked every 30 s), with one earlier piece beside it, until `signal` aborts.
 * What the server writes between the copy and the cut is lost.
 */
export async function boundLogFile(path: string, signal: AbortSignal, clock: Clock = systemClock): Promise<void> {
  while (!signal.aborted) {
    try {
      await clock.sleep(checkEveryMs, signal);
      if ((await stat(path)).size > maxSizeBytes) await cut(path);
    } catch {
      // The directory may be removed under a running server in a test; a log that cannot be cut must not end it.
    }
  }
}

/** The last lines of a log, at most 2000 characters; empty when there is none. */
export async function readLogTail(path: string): Promise<string> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const { size } = await file.stat();
    const buffer = Buffer.alloc(Math.min(size, 2000));
    await file.read(buffer, 0, buffer.length, size - buffer.length);
    return buffer.toString('utf8').trim();
  } catch {
    return '';
  } finally {
    await file?.close();
  }
}

async function cut(path: string): Promise<void> {
  try {
    await copyFile(path, `${path}.1`);
  } finally {
    // On a full disk there is no room for the copy, and all the more reason for the cut.
    await truncate(path, 0);
  }
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
}
