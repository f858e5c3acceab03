import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Replaces the file at once: a reader sees the old or the new content, never a part. Mode 0600, durable when it returns. The
 * launcher's own: it writes while starting and ending, where nothing may come in between; others use std's asynchronous one.
 */
export function writePrivateFile(path: string, content: string): void {
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    const fd = openSync(temporary, 'wx', 0o600);
    try {
      writeSync(fd, content);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
    syncDirectory(dirname(path));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Without it a power cut can take back the rename, and the secret that seals the CA's keys must not go missing. */
function syncDirectory(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * Creates the directory (0700) and the missing ones above it; one that exists is left as it is. Throws a Node error, also ENOTDIR
 * where a file is in the way. Not `mkdirSync` with `recursive`, which never returns where creating answers ENOENT (below /proc).
 */
export function createDirectory(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory()) return;
  if (found) throw Object.assign(new Error(`${path} is not a directory`), { code: 'ENOTDIR' });
  if (dirname(path) !== path) createDirectory(dirname(path));
  mkdirSync(path, { mode: 0o700 });
}

/** The `code` of a Node error (`ENOENT`, …); undefined for anything else. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
