import { mkdir, open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { codeOf, isAbsent } from '../errors.ts';

/**
 * A name is on disk once the directory that holds it was synced after the name was given. A directory is itself such a
 * name, and one that exists may have been made a moment ago, by a neighbour or by a process that died before it could sync.
 * So whoever promises durability syncs the whole way, however little of it is its own work; a clean directory costs little.
 */
export async function syncDir(path: string): Promise<void> {
  const dir = await open(path, 'r');
  try {
    await dir.sync();
  } finally {
    await dir.close();
  }
}

/** `dir` and all above it up to `root`. Those that are gone need nothing: what was in them was deleted. */
export async function syncUpTo(root: string, dir: string): Promise<void> {
  for (const at of wayUp(root, dir)) await syncIfThere(at);
}

/** `dir`, or if it is gone the next above it, whose sync then says so. */
export async function syncNearest(root: string, dir: string): Promise<void> {
  for (const at of wayUp(root, dir)) if (await syncIfThere(at)) return;
}

/** Makes a directory with all above it, mode 0700, and waits until the disk knows their names. */
export async function makeDurableDir(path: string): Promise<void> {
  const dir = resolve(path);
  const first = (await mkdir(dir, { recursive: true, mode: 0o700 })) ?? dir;
  for (const at of wayUp(dirname(first), dirname(dir))) {
    try {
      await syncDir(at);
    } catch (error) {
      // A parent that we may enter but not read is not ours; whoever made our directory in it vouches for it.
      if (codeOf(error) !== 'EACCES') throw error;
    }
  }
}

/** `dir`, its parent and so on; `root`, which is above it or the same, is the last. */
export function* wayUp(root: string, dir: string): Generator<string, void> {
  for (let at = dir; ; at = dirname(at)) {
    yield at;
    if (at === root || at === dirname(at)) return;
  }
}

async function syncIfThere(path: string): Promise<boolean> {
  try {
    await syncDir(path);
    return true;
  } catch (error) {
    if (!isAbsent(error)) throw error;
    return false;
  }
}
