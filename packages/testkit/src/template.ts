import { execFile } from 'node:child_process';
import { lstat, mkdir, readdir, rename, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { RunningServer } from '@frameworks/servers';
import { removeDir } from './temp-dir.ts';

/** Raise when an existing template no longer fits what a start expects. */
const revision = 1;

/**
 * Fills an empty or missing `dataDir` from a database made once per machine and version: making one takes seconds of
 * computing, copying it a tenth. Does nothing where data is already. The template is in the temporary directory, below a
 * directory of ours that nobody else can enter.
 *
 * @param start makes a database in a directory, and runs it
 */
export async function copyTemplate(
  name: string,
  dataDir: string,
  start: (dir: string) => Promise<RunningServer>,
): Promise<void> {
  if ((await readdir(dataDir).catch(() => [])).length > 0) return;
  const uid = process.getuid?.() ?? 0;
  const home = join(tmpdir(), `frameworks-templates-${uid}`);
  await mkdir(home, { mode: 0o700 }).catch(() => undefined);
  const found = await lstat(home);
  // Somebody else was there first, perhaps with a link into something of ours: then every test makes its own.
  if (!found.isDirectory() || found.uid !== uid || (found.mode & 0o077) !== 0) return;
  const template = join(home, `${name}-${revision}`);
  if (!(await stat(template).catch(() => undefined))) await makeTemplate(template, start);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  // -p keeps the owner, which is not us where PostgreSQL may not run as root.
  await promisify(execFile)('cp', ['-Rp', `${template}/.`, dataDir]);
}

async function makeTemplate(template: string, start: (dir: string) => Promise<RunningServer>): Promise<void> {
  const draft = `${template}.${process.pid}`;
  await (await start(draft)).stop();
  // Test files run in parallel: whoever is first wins, the others throw theirs away.
  await rename(draft, template).catch(() => removeDir(draft));
}
