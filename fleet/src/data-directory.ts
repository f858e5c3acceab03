import { chmodSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createDirectory, errorCode, writePrivateFile } from './files.ts';
import { FleetConfigError, FleetRefusedError } from './mistakes.ts';

/** Present in every data directory of ours, from its first moment on. */
const lockName = 'launcher.lock';
const holderName = 'launcher.pid';
/** SQLite's result code for "somebody else holds the lock". */
const sqliteBusy = 5;

/**
 * A data directory that this process owns alone, until `release`. Mode 0700: it holds keys and passwords.
 *
 * The lock is the kernel's (a record lock that SQLite takes on `launcher.lock`), so it ends with its holder, however that ends:
 * there is no stale lock to judge, no pid that may belong to somebody else by now, and no race between two starts.
 */
export class DataDirectory {
  /** Absolute. */
  readonly path: string;
  readonly #lock: DatabaseSync;

  private constructor(path: string, lock: DatabaseSync) {
    this.path = path;
    this.#lock = lock;
  }

  /**
   * Creates the directory when it is missing. Throws `FleetConfigError` when it cannot be used (no directory, not ours to write, not
   * empty and not made by us) and `FleetRefusedError` when another launcher is using it.
   */
  static open(path: string): DataDirectory {
    const absolute = resolve(path);
    prepare(absolute);
    const directory = new DataDirectory(absolute, lock(absolute));
    writePrivateFile(directory.file(holderName), `${process.pid}\n`);
    return directory;
  }

  /** A path below the directory. */
  file(...parts: string[]): string {
    return join(this.path, ...parts);
  }

  /** The path of a subdirectory, created (0700) when missing. */
  directory(...parts: string[]): string {
    const path = this.file(...parts);
    createDirectory(path);
    return path;
  }

  release(): void {
    rmSync(this.file(holderName), { force: true });
    this.#lock.close();
  }
}

function prepare(path: string): void {
  try {
    createDirectory(path);
    const names = readdirSync(path);
    if (names.length > 0 && !names.includes(lockName)) {
      throw unusable(path, 'is not empty and not a data directory of ours; name another one or an empty one');
    }
    // Only once it is known to be ours: nobody wants their home directory's mode changed by a mistyped option.
    if ((statSync(path).mode & 0o777) !== 0o700) chmodSync(path, 0o700);
  } catch (error) {
    if (error instanceof FleetConfigError) throw error;
    throw unusable(path, explain(error));
  }
}

function explain(error: unknown): string {
  switch (errorCode(error)) {
    case 'ENOENT':
      return 'cannot be created';
    case 'EEXIST':
    case 'ENOTDIR':
      return 'is not a directory';
    case 'EACCES':
    case 'EPERM':
      return 'may not be read and written by this user';
    case 'EROFS':
      return 'is on a read-only file system';
    default:
      return `cannot be used (${errorCode(error) ?? String(error)})`;
  }
}

function unusable(path: string, why: string): FleetConfigError {
  return new FleetConfigError([{ subject: '--data-dir', message: `${path} ${why}` }]);
}

function lock(path: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(join(path, lockName));
    chmodSync(join(path, lockName), 0o600);
    database.exec('BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === sqliteBusy) throw inUse(path);
    throw unusable(path, error instanceof Error ? `cannot be locked (${error.message})` : 'cannot be locked');
  }
}

function inUse(path: string): FleetRefusedError {
  const holder = findHolder(path);
  const who = holder ? `the process ${holder}` : 'another process';
  return new FleetRefusedError(`${path} is in use by ${who}; stop that one first or choose another --data-dir.`);
}

function findHolder(path: string): string | undefined {
  try {
    return /^\d+/.exec(readFileSync(join(path, holderName), 'utf8'))?.[0];
  } catch {
    return undefined;
  }
}
