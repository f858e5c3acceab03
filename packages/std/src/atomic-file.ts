import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface AtomicWriteOptions {
  /** Permission bits, whatever the umask; default 0600, for files that hold secrets. */
  readonly mode?: number;
}

/**
 * Replaces a file at once: a reader, and whoever comes after a crash, sees the old or the new content, never a part. On disk, name
 * included, when it resolves. The file is a new one: owner and permissions of the old one do not carry over, and a symbolic link
 * is replaced, not followed. Of several writers at once the last one wins.
 *
 * Throws Node's error (`ENOENT`, `EACCES`, `ENOSPC`, …). Nothing temporary is left then, and the content is the old one, unless
 * only making the new name durable failed.
 */
export async function writeFileAtomically(
  path: string,
  content: string | Uint8Array,
  { mode = 0o600 }: AtomicWriteOptions = {},
): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await writeNew(temporary, content, mode);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  await syncDirectory(dirname(path));
}

async function writeNew(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    // The umask may have taken bits away that readers need.
    await file.chmod(mode);
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Without this a crash may bring the old name back, although the content is safe. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
