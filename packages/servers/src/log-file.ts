import { constants } from 'node:fs';
import { copyFile, type FileHandle, mkdir, open, stat, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import { sleep } from '@frameworks/std';

const maxSizeBytes = 4 * 1024 * 1024;
const checkEveryMs = 30_000;

/**
 * Opens a server's log, empty: what an earlier run wrote moves to `<path>.1`. The descriptor appends, so the file can be cut
 * while the server writes.
 */
export async function openLogFile(path: string): Promise<FileHandle> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await keepPrevious(path);
  return open(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT, 0o600);
}

/** Keeps the log of a running server below 4 MiB (checked every 30 s), with one earlier piece beside it, until `signal` aborts. */
export async function boundLogFile(path: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await sleep(checkEveryMs, signal);
      if ((await stat(path)).size > maxSizeBytes) await keepPrevious(path);
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

async function keepPrevious(path: string): Promise<void> {
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (size === 0) return;
  await copyFile(path, `${path}.1`);
  await truncate(path, 0);
}
