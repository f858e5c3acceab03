import { closeSync, fstatSync, openSync, readSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createDirectory } from './files.ts';

/** A log larger than this at start becomes `<name>.1.log`, replacing the one before: two generations, never more. */
const rotateAboveBytes = 16 * 1024 * 1024;
/** Enough of a log's end for its last lines. */
const tailBytes = 16 * 1024;

/** Where the services' and servers' logs are: `<data-dir>/logs/<name>.log`, appended to across starts. */
export class LogDirectory {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
    createDirectory(path);
  }

  file(name: string): string {
    return join(this.path, `${name}.log`);
  }

  /** A descriptor for appending, mode 0600; the caller closes it. Rotates first. */
  open(name: string): number {
    const path = this.file(name);
    if (sizeOf(path) > rotateAboveBytes) renameSync(path, join(this.path, `${name}.1.log`));
    return openSync(path, 'a', 0o600);
  }

  /** The last lines, oldest first; none when there is no log. */
  tail(name: string, lines: number): string[] {
    return readEnd(this.file(name))
      .split('\n')
      .filter((line) => line.trim() !== '')
      .slice(-lines);
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function readEnd(path: string): string {
  if (sizeOf(path) === 0) return '';
  const fd = openSync(path, 'r');
  try {
    const { size } = fstatSync(fd);
    const buffer = Buffer.alloc(Math.min(size, tailBytes));
    const read = readSync(fd, buffer, 0, buffer.length, size - buffer.length);
    return buffer.subarray(0, read).toString('utf8');
  } finally {
    closeSync(fd);
  }
}
