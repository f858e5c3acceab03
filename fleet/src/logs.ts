import { closeSync, fstatSync, openSync, readSync, renameSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createDirectory } from './files.ts';

/** A log larger than this at start becomes `<name>.1.log`, replacing the one before: two generations, never more. */
const rotateAboveBytes = 16 * 1024 * 1024;
/** Enough of a log's end for its last lines. */
const tailBytes = 16 * 1024;

/** A log that is being written. */
export interface LogFile {
  readonly path: string;
  /** For the output of a child. */
  readonly fd: number;
  /** Appends; after `close` it does nothing, because the descriptor may belong to another file by then. */
  write(text: string): void;
  close(): void;
}

/** Where the services' logs are: `<data-dir>/logs/<name>.log`, appended to across starts. */
export class LogDirectory {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
    createDirectory(path);
  }

  file(name: string): string {
    return join(this.path, `${name}.log`);
  }

  /** Opens for appending, mode 0600. Rotates first. */
  open(name: string): LogFile {
    const path = this.file(name);
    if (sizeOf(path) > rotateAboveBytes) renameSync(path, join(this.path, `${name}.1.log`));
    const fd = openSync(path, 'a', 0o600);
    let open = true;
    return {
      path,
      fd,
      write: (text) => {
        if (open) writeSync(fd, text);
      },
      close: () => {
        if (open) closeSync(fd);
        open = false;
      },
    };
  }
}

/** The last lines of a file, oldest first; none when there is no such file. */
export function readTail(path: string, lines: number): string[] {
  return readEnd(path)
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-lines);
}

/** The file's size in bytes; 0 when there is no such file. */
export function sizeOf(path: string): number {
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
