import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';

export interface AtomicWriteOptions {
  /** Permission bits; default 0600, for files that hold secrets. */
  readonly mode?: number;
}

/** Replaces a file at once: a reader sees the old or the new content, never a part. On disk when it resolves. */
export async function writeFileAtomically(
  path: string,
  content: string,
  { mode = 0o600 }: AtomicWriteOptions = {},
): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      // The umask may have taken bits away that readers on this host need.
      await file.chmod(mode);
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
