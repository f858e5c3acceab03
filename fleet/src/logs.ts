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
        try {
          if (open) writeSync(fd, text);
        } catch {
          // The disk is full. The services can do more about that than a crash of all of them could.
        }
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

/** The last lines of a service's log for a person: the JSON of a log line as `warn: what happened: why`, other lines as they are. */
export function readTailForPeople(path: string, lines: number): string[] {
  const texts = readTail(path, Number.POSITIVE_INFINITY).map(toSentence);
  // A loop that fails says the same every second; once is enough.
  return texts.filter((text, index) => text !== texts[index + 1]).slice(-lines);
}

function toSentence(line: string): string {
  const entry = parseEntry(line);
  if (!entry) return line;
  const error = isRecord(entry.error) ? entry.error.message : undefined;
  return [entry.level, entry.message, error].filter((part) => typeof part === 'string' && part !== '').join(': ');
}

function parseEntry(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) && typeof value.message === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function readEnd(path: string): string {
  if (sizeOf(path) === 0) return '';
  const fd = openSync(path, 'r');
  try {
    const { size } = fstatSync(fd);
    const buffer = Buffer.alloc(Math.min(size, tailBytes));
    const read = readSync(fd, buffer, 0, buffer.length, size - buffer.length);
    const text = buffer.subarray(0, read).toString('utf8');
    // The first line is whole only when the file begins with it.
    return size > read ? text.slice(text.indexOf('\n') + 1) : text;
  } finally {
    closeSync(fd);
  }
}
