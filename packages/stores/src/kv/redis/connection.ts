import { ServiceError } from '@frameworks/kit/errors';
import { backoff } from '@frameworks/std/backoff';
import { Redis } from 'ioredis';
import type { KvLog } from '../kv.ts';
import { fromRedis } from './errors.ts';
import type { RedisAddress } from './url.ts';

const oldestMajor = 7;
const connectTimeoutMs = 5000;
/** A connection that was up is worth a quick first retry; a server that is away is asked every two seconds by each client. */
const reconnect = { baseMs: 100, maxMs: 2000 };

export interface ConnectionOptions {
  /** Deadline of every command. */
  callTimeoutMs: number;
  log: KvLog | undefined;
  /** Shown by `CLIENT LIST`. */
  name: string;
}

/**
 * A client that fails fast: no command waits for a connection, none is sent twice. It reconnects by itself for as long as
 * it is open. Not yet connected; see `connect`.
 */
export function createClient(address: RedisAddress, { callTimeoutMs, log, name }: ConnectionOptions): Redis {
  const client = new Redis({
    host: address.host,
    port: address.port,
    db: address.db,
    ...(address.username === undefined ? {} : { username: address.username }),
    ...(address.password === undefined ? {} : { password: address.password }),
    connectionName: name,
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // ioredis would also subscribe to what nobody awaits any more, and let nobody hear when that fails. See `notices.ts`.
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    commandTimeout: callTimeoutMs,
    // A peer that vanished without a reset is noticed by the first unanswered commands and given up for a new connection.
    socketTimeout: callTimeoutMs * 2,
    connectTimeout: connectTimeoutMs,
    retryStrategy: (attempt) => Math.max(20, backoff(attempt - 1, reconnect)),
  });
  logTransitions(client, log, name);
  return client;
}

/** Connects and checks the server. Throws UNAVAILABLE, UNAUTHENTICATED or FAILED_PRECONDITION `KV_TOO_OLD`, the client then being closed. */
export async function connect(client: Redis): Promise<void> {
  let lastError: unknown;
  const remember = (error: unknown): void => {
    lastError = error;
  };
  client.on('error', remember);
  try {
    await client.connect();
    assertVersion(await client.info('server'));
  } catch (error) {
    client.disconnect();
    // connect() rejects with a bare "Connection is closed"; the event before it says why.
    throw fromRedis(error instanceof ServiceError ? error : (lastError ?? error));
  } finally {
    client.off('error', remember);
  }
}

/** Throws FAILED_PRECONDITION `KV_TOO_OLD`. Valkey reports the Redis version it is compatible with in the same field. */
export function assertVersion(info: string): void {
  const version = /^redis_version:(\S+)/m.exec(info)?.[1] ?? 'unknown';
  if (Number.parseInt(version, 10) >= oldestMajor) return;
  throw new ServiceError('FAILED_PRECONDITION', 'KV_TOO_OLD', {
    message: `the server is Redis ${version}; version ${oldestMajor} or newer is needed (or Valkey)`,
    data: { version, oldest: String(oldestMajor) },
  });
}

/** Ends the connection without waiting for a server that may be stuck. */
export function disconnect(client: Redis): void {
  client.disconnect();
}

/** One line when the connection is lost and one when it is back, however many attempts lie between. */
function logTransitions(client: Redis, log: KvLog | undefined, name: string): void {
  let lost = false;
  let lastError: Error | undefined;
  // Without a listener ioredis prints every failed attempt.
  client.on('error', (error: Error) => {
    lastError = error;
  });
  client.on('reconnecting', () => {
    if (!lost)
      log?.warn({ event: 'kv_connection_lost', connection: name, error: lastError?.message }, 'kv connection lost');
    lost = true;
  });
  client.on('ready', () => {
    if (lost) log?.info({ event: 'kv_connection_restored', connection: name }, 'kv connection restored');
    lost = false;
    lastError = undefined;
  });
}
