import { accessSync, constants, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

export interface DirectoryNeed {
  /** Must files be creatable inside? Reading is always needed. */
  readonly write: boolean;
  /** May it be missing, because the service makes it when it starts? Then its nearest existing parent must be writable. */
  readonly create: boolean;
}

/** Says what is wrong with a directory, or nothing. Injected, so that the parser itself touches no disk. */
export type DirectoryProbe = (path: string, need: DirectoryNeed) => string | undefined;

/** Asks the file system; changes nothing, so that checking a configuration leaves no trace. */
export const probeDirectory: DirectoryProbe = (path, need) => {
  const absolute = resolve(path);
  const problem = examine(absolute, need.write);
  if (problem !== missing || !need.create) return problem;
  const parent = nearestExisting(absolute);
  const reason = examine(parent, true);
  return reason === undefined ? undefined : `cannot be made: ${parent} ${reason}`;
};

const missing = 'does not exist';

function examine(path: string, write: boolean): string | undefined {
  try {
    if (!statSync(path).isDirectory()) return 'is not a directory';
    accessSync(path, constants.R_OK | constants.X_OK);
  } catch (error) {
    return explain(error, 'read');
  }
  try {
    if (write) accessSync(path, constants.W_OK);
  } catch (error) {
    return explain(error, 'written');
  }
  return undefined;
}

function nearestExisting(path: string): string {
  let current = dirname(path);
  while (examine(current, false) === missing && current !== dirname(current)) current = dirname(current);
  return current;
}

function explain(error: unknown, verb: string): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return missing;
  if (code === 'ENOTDIR') return 'is not a directory';
  if (code === 'EACCES' || code === 'EPERM') return `cannot be ${verb}: permission denied`;
  if (code === 'EROFS') return 'is on a read-only file system';
  return `cannot be ${verb} (${String(code ?? error)})`;
}
