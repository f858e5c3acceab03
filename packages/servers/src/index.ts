/**
 * Real server programs as children of this process: PostgreSQL, Redis, NATS. Each holds a data directory of its own, listens
 * on loopback with a password, is ready when its start resolves and ends with this process, even after kill -9.
 */
export { type Claim, claimDirectory } from './claim.ts';
export { ServerStartError, type ServerStartReason } from './errors.ts';
export { defaultSearchPath, findProgram, type Program, type ProgramName } from './find-program.ts';
export type { ProcessExit } from './guardian.ts';
export type { RunningServer, StartOptions } from './launch.ts';
export { type NatsOptions, startNats } from './nats.ts';
export { findFreePort, isPortFree } from './ports.ts';
export { type PostgresOptions, startPostgres } from './postgres/start.ts';
export { findProcessIdentity, listProcessesUsing } from './process-table.ts';
export { type RedisOptions, startRedis } from './redis.ts';
