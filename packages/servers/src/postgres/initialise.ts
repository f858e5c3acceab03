import { chown, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sleep } from '@frameworks/std';
import { loadPassword, syncDir } from '../data-dir.ts';
import { ServerStartError } from '../errors.ts';
import { startGuarded } from '../guardian.ts';
import { openLogFile } from '../log-file.ts';
import { listProcessesUsing } from '../process-table.ts';
import { asServerUser, findForeignUid } from './server-user.ts';

/** The programs of one PostgreSQL installation. */
export interface PostgresPrograms {
  readonly postgres: string;
  readonly initdb: string;
  readonly major: number;
  readonly env: Readonly<Record<string, string>>;
}

/** Name of the directory with the database itself, below the data directory. */
export const clusterName = 'cluster';

/**
 * Makes the database in `dir` if there is none. It is made under another name and renamed when complete and on disk, so a
 * kill in the middle leaves a draft, which the next start sweeps away, never half a database.
 */
export async function initialise(
  dir: string,
  programs: PostgresPrograms,
  { fsync }: { fsync: boolean },
): Promise<void> {
  await sweepDrafts(dir);
  const cluster = join(dir, clusterName);
  if (await isMade(cluster)) {
    const version = await readFile(join(cluster, 'PG_VERSION'), 'utf8').catch(() => 'unknown');
    return assertVersion(dir, version.trim(), programs.major);
  }
  const draft = join(dir, `.init-${process.pid}`);
  await mkdir(draft, { mode: 0o700 });
  const uid = findForeignUid();
  if (uid !== undefined) await chown(draft, uid, uid);
  await runInitdb(draft, programs);
  await createRole(draft, programs, await loadPassword(dir));
  if (fsync) await syncCluster(draft, programs);
  await rename(draft, cluster);
  if (fsync) await syncDir(dir);
}

/** Is there a database? PostgreSQL serves only the user it belongs to, and its own message does not say which that is. */
async function isMade(cluster: string): Promise<boolean> {
  const found = await stat(cluster).catch(() => undefined);
  const expected = findForeignUid() ?? process.getuid?.();
  if (found === undefined || found.uid === expected) return found !== undefined;
  throw new ServerStartError(
    'DATA_DIR_UNREADABLE',
    `The database ${cluster} belongs to user ${found.uid} and would run as ${expected}; start as the user who made it, or run: chown -R ${expected} '${cluster}'`,
  );
}

function assertVersion(dir: string, found: string, major: number): void {
  if (found === String(major)) return;
  throw new ServerStartError(
    'DATA_DIR_VERSION',
    `The database in ${dir} was made by PostgreSQL ${found} and this is ${major}; start it with ${found}, or choose another data directory.`,
  );
}

/**
 * Locale C: text sorts by bytes, the same in every version and on every machine. A collation from the system or from ICU
 * changes with their updates and silently breaks indexes; what people read is sorted where it is shown.
 */
async function runInitdb(draft: string, { initdb, env }: PostgresPrograms): Promise<void> {
  const layout = ['--encoding=UTF8', '--locale=C', '--data-checksums', '--no-sync'];
  await runTool(draft, [initdb, '-D', draft, '-U', 'postgres', '--auth=reject', ...layout], { env, input: '' });
}

/** In single-user mode, which reads one statement per line and needs no login. The role owns its databases and no more. */
async function createRole(draft: string, { postgres, env }: PostgresPrograms, password: string): Promise<void> {
  const input = [
    `CREATE ROLE frameworks LOGIN CREATEDB PASSWORD '${password}';`,
    'CREATE DATABASE frameworks OWNER frameworks STRATEGY file_copy;',
  ];
  // A statement that fails must not put the password into the log.
  const settings = ['log_checkpoints=off', 'fsync=off', 'log_min_error_statement=panic'];
  const argv = [postgres, '--single', '-D', draft, ...settings.flatMap((setting) => ['-c', setting]), 'postgres'];
  await runTool(draft, argv, { env, input: `${input.join('\n')}\n` });
}

/** Everything to the disk at once, at the end: syncing in each step costs a second more. */
async function syncCluster(draft: string, { initdb, env }: PostgresPrograms): Promise<void> {
  await runTool(draft, [initdb, '-D', draft, '--sync-only'], { env, input: '' });
}

/** Below a guardian like the servers, so that it does not go on making a database for a launcher that was killed. */
async function runTool(draft: string, argv: string[], { env, input }: Tool): Promise<void> {
  const dir = dirname(draft);
  const [inputFile, logFile] = [join(dir, '.init-input'), join(dir, 'log', 'init.log')];
  await writeFile(inputFile, input, { mode: 0o600 });
  const log = await openLogFile(logFile);
  const tool = await asServerUser({ argv, env });
  const withInput = ['/bin/sh', '-c', 'input=$1; shift; exec "$@" <"$input"', 'sh', inputFile, ...tool.argv];
  const pidFile = join(dir, '.init-pid');
  const run = await startGuarded({
    argv: withInput,
    env,
    pidFile,
    logFd: log.fd,
    stopSignal: 'TERM',
    patienceMs: 1000,
  });
  await log.close();
  const { code } = await run.exited;
  await rm(inputFile, { force: true });
  const output = await readFile(logFile, 'utf8');
  // Single-user mode exits 0 whatever the statements did.
  if (code === 0 && !/\b(?:ERROR|FATAL|PANIC):/.test(output)) return;
  const logTail = output.trim().slice(-2000);
  const lines = logTail.split('\n');
  const last = lines.find((line) => /\b(?:error|fatal|panic):/i.test(line)) ?? lines.at(-1) ?? '';
  throw new ServerStartError(
    'INIT_FAILED',
    `PostgreSQL could not make its database; make room on the disk or mend what it says: ${last}`,
    { logTail },
  );
}

interface Tool {
  readonly env: Readonly<Record<string, string>>;
  /** For its standard input. */
  readonly input: string;
}

const lastBreathMs = 10_000;

/** Removes drafts of a launcher that was killed, once the programs that were making them have ended. */
async function sweepDrafts(dir: string): Promise<void> {
  const deadline = performance.now() + lastBreathMs;
  for (const name of (await readdir(dir)).filter((entry) => entry.startsWith('.init-'))) {
    const path = join(dir, name);
    while ((await listProcessesUsing(path)).length > 0 && performance.now() < deadline) await sleep(20);
    await rm(path, { recursive: true, force: true, maxRetries: 5 });
  }
}
