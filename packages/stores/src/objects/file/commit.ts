import { link, mkdir, rename, rmdir, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isAbsent } from '../errors.ts';
import { syncNearest, syncUpTo, wayUp } from './sync.ts';
import { removeTemp } from './temp.ts';

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
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      // Unlike rename, link never replaces.
      await (mustBeNew ? link : rename)(temp, path);
      break;
    } catch (error) {
      // mkdir reports a directory that vanishes under it as ENOTDIR.
      if (!isAbsent(error) || attempt === maxAttempts) throw error;
    }
  }
  await syncUpTo(root, dirname(path));
  if (mustBeNew) await removeTemp(temp);
}

/** Deletes a file, durably, and the directories that became empty. Absent is fine, but may not be on disk yet: synced too. */
export async function deleteFile(root: string, target: string): Promise<void> {
  const path = join(root, target);
  try {
    await unlink(path);
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
  await syncNearest(root, dirname(path));
  await pruneDirs(root, dirname(path));
}

/** An empty directory costs every listing a look; losing the race against a new object is fine. */
async function pruneDirs(root: string, dir: string): Promise<void> {
  for (const at of wayUp(root, dir)) {
    if (at === root) return;
    try {
      await rmdir(at);
    } catch (error) {
      if (!isAbsent(error)) return;
    }
  }
}
