import { randomBytes } from 'node:crypto';
import { chmod, mkdir, open, readdir, readFile, realpath, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isClaimName } from './claim.ts';
import { ServerStartError } from './errors.ts';

/**
 * Makes the directory of one server, for its owner only, and gives its real path. An existing directory must be ours: refused
 * when another user owns it or when it holds anything but what this server puts there (`entries`, by name or prefix), so a
 * mistyped path never mixes a database into somebody's files.
 */
export async function prepareDataDir(dataDir: string, entries: readonly string[]): Promise<string> {
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    const dir = await realpath(dataDir);
    const { uid } = await stat(dir);
    if (uid !== process.getuid?.()) throw unreadable(dataDir, 'belongs to another user');
    const names = await readdir(dir);
    const foreign = names.find((name) => !isClaimName(name) && !entries.some((entry) => name.startsWith(entry)));
    if (foreign !== undefined) throw unreadable(dataDir, `holds something else (${foreign})`);
    await chmod(dir, 0o700);
    return dir;
  } catch (error) {
    if (error instanceof ServerStartError) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw unreadable(dataDir, `cannot be used (${code})`, error);
  }
}

function unreadable(dataDir: string, what: string, cause?: unknown): ServerStartError {
  return new ServerStartError(
    'DATA_DIR_UNREADABLE',
    `The directory ${dataDir} ${what}; choose another data directory, or make it yours and readable.`,
    { cause },
  );
}

/** The password kept in `dir`, made at first use: 192 random bits in 48 hexadecimal digits, readable by its owner only. */
export async function loadPassword(dir: string): Promise<string> {
  const path = join(dir, 'password');
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
  const password = randomBytes(24).toString('hex');
  await writeDurably(path, `${password}\n`);
  return password;
}

/** Writes a file (mode 0600) whole or not at all, on disk before this resolves. */
export async function writeDurably(path: string, text: string): Promise<void> {
  const draft = `${path}.new`;
  const file = await open(draft, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  await syncDir(dirname(path));
}

/** Makes renames in `dir` survive a power cut. */
export async function syncDir(dir: string): Promise<void> {
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
