import { ServiceError } from '@frameworks/kit/errors';
import type { Logger } from '@frameworks/kit/log';
import { systemClock, withDeadline } from '@frameworks/std';
import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { toSqlError } from './errors.ts';
import { TranslatingPool } from './pool.ts';
import { sqlTypes } from './types.ts';
import { assertSchemaName, parseSqlUrl } from './url.ts';

export interface SqlOptions {
  /** Schema of the service; unqualified names mean it. Made by the migrations. */
  schema: string;
  /** Shown by the server in `pg_stat_activity`. */
  applicationName: string;
  /** The most connections at once. Default 5: a service waits on the network more than on the database. */
  poolSize?: number;
  /** Longest statement, and longest pause inside a transaction, before the server ends it. Milliseconds. Default 10 000. */
  statementTimeoutMs?: number;
  /** Longest wait for a connection. Milliseconds. Default 5000. */
  connectTimeoutMs?: number;
  log: Pick<Logger, 'warn'>;
}

/** A PostgreSQL database as seen by one service. */
export interface Sql<DB> {
  readonly db: Kysely<DB>;
  readonly schema: string;
  /** Resolves when the database has answered; rejects with UNAVAILABLE after `timeoutMs` (default 2000) or when it cannot. */
  ping(timeoutMs?: number): Promise<void>;
  /** Takes no more work, waits for what is under way for `timeoutMs` (default 10 000), then breaks it off. May be called again. */
  close(timeoutMs?: number): Promise<void>;
}

/**
 * Opens a pool to a PostgreSQL database (15 or later). Nothing connects before the first statement.
 *
 * Statements reject with UNAVAILABLE `DATABASE_UNAVAILABLE` (retryable), ABORTED (`SERIALIZATION_FAILURE`, `DEADLOCK`,
 * `LOCK_NOT_AVAILABLE`; see `inTransaction`), DEADLINE_EXCEEDED `STATEMENT_TIMEOUT`, RESOURCE_EXHAUSTED `DATABASE_FULL`,
 * FAILED_PRECONDITION `DATABASE_REFUSED` (log-in or database name), UNKNOWN `COMMIT_OUTCOME_UNKNOWN`; violated constraints
 * with the driver's error, for `onConstraint`. For the types of values see `sqlTypes`.
 *
 * @param url `postgres://user:password@host:port/database`
 * @throws INVALID_ARGUMENT `BAD_DATABASE_URL`, `BAD_SCHEMA_NAME`
 */
export function openSql<DB>(url: string, options: SqlOptions): Sql<DB> {
  const { schema, statementTimeoutMs = 10_000, log } = options;
  parseSqlUrl(url);
  assertSchemaName(schema);
  const driver = new pg.Pool({
    connectionString: url,
    max: options.poolSize ?? 5,
    application_name: options.applicationName,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 5000,
    idleTimeoutMillis: 30_000,
    statement_timeout: statementTimeoutMs,
    idle_in_transaction_session_timeout: statementTimeoutMs,
    keepAlive: true,
    // With the start-up packet: no statement of its own, and never forgotten on a new connection.
    options: `-c search_path=${schema},public`,
    types: sqlTypes,
  });
  // An idle connection that breaks is replaced at the next statement; unhandled, it would end the process.
  driver.on('error', (error) => log.warn({ schema, error: toSqlError(error) }, 'idle database connection lost'));
  // While a connection is in use the pool does not listen; its next statement fails, and the pool then lets go of it.
  driver.on('connect', (client) => client.on('error', () => undefined));
  const pool = new TranslatingPool(driver);
  const db = new Kysely<DB>({ dialect: new PostgresDialect({ pool }) });
  return {
    db,
    schema,
    ping: (timeoutMs = 2000) => ping(db, timeoutMs),
    close: (timeoutMs = 10_000) => close(pool, timeoutMs),
  };
}

async function ping<DB>(db: Kysely<DB>, timeoutMs: number): Promise<void> {
  try {
    await withDeadline(sql`select 1`.execute(db), timeoutMs, { clock: systemClock, what: 'database ping' });
  } catch (cause) {
    if (cause instanceof ServiceError) throw cause;
    const message = `the database did not answer within ${timeoutMs} ms`;
    throw new ServiceError('UNAVAILABLE', 'DATABASE_UNAVAILABLE', { message, cause });
  }
}

async function close(pool: TranslatingPool, timeoutMs: number): Promise<void> {
  const ended = pool.end();
  await withDeadline(ended, timeoutMs, { clock: systemClock, what: 'closing the database' }).catch(() => {
    pool.breakConnections();
  });
  await ended;
}
