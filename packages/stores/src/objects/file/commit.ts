import { link, mkdir, open, rename, rmdir, unlink } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { codeOf } from '../errors.ts';

/** Bounds the race with deletions that remove the directory just made; each round needs another deletion. */
const maxAttempts = 20;

export interface Commit {
  /** The written and synced file. */
  temp: string;
  root: string;
  /** Below `root`. */
  target: string;
  /** Fail with EEXIST rather than replace. Holds against other processes too. */
  mustBeNew: boolean;
}

/** Gives a finished file its name and waits until the disk knows it. */
export async function commitFile({ temp, root, target, mustBeNew }: Commit): Promise<void> {
  const path = join(root, target);
  for (let attempt = 1; ; attempt++) {
    try {
      await makeDirs(root, dirname(path));
      if (mustBeNew) {
        // Unlike rename, link never replaces.
        await link(temp, path);
        await unlink(temp);
      } else {
        await rename(temp, path);
      }
      // Not there any more: another process has deleted the object already.
      return await syncIfThere(dirname(path));
    } catch (error) {
      // mkdir reports a directory that vanishes under it as ENOTDIR.
      if (!isAbsent(error) || attempt === maxAttempts) throw error;
    }
  }
}

/** Deletes a file, durably, and the directories that became empty. Absent is fine. */
export async function deleteFile(root: string, target: string): Promise<void> {
  const path = join(root, target);
  try {
    await unlink(path);
    await syncDir(dirname(path));
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
  await pruneDirs(root, dirname(path));
}

/** ENOTDIR too: a path below something that is no directory is absent. */
export function isAbsent(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** A new name survives a crash only once its directory is synced. */
export async function syncDir(path: string): Promise<void> {
  const dir = await open(path, 'r');
  try {
    await dir.sync();
  } finally {
    await dir.close();
  }
}

async function makeDirs(root: string, dir: string): Promise<void> {
  const first = await mkdir(dir, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  // Each directory's name is in its parent: from the last one that existed down to the last but one made.
  let parent = dirname(first);
  for (const name of relative(parent, dir).split(sep)) {
    await syncIfThere(parent);
    parent = join(parent, name);
  }
  await syncIfThere(root);
}

/** A deletion may remove what was just made; the commit then starts over. */
async function syncIfThere(path: string): Promise<void> {
  try {
    await syncDir(path);
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
}

/** An empty directory costs every listing a look; losing the race against a new object is fine. */
async function pruneDirs(root: string, dir: string): Promise<void> {
  for (let at = dir; at !== root && at.startsWith(root + sep); at = dirname(at)) {
    try {
      await rmdir(at);
    } catch (error) {
      if (isAbsent(error)) continue;
      return;
    }
  }
}
