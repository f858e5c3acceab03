import { ServiceError } from '@frameworks/kit/errors';
import type { PostgresCursor, PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely';
import type pg from 'pg';
import { toSqlError } from './errors.ts';

/**
 * The driver's pool as Kysely wants it, with failures translated once for every statement of the system, and with the ability
 * to wait for the statements under way and to cut off those that do not end.
 */
export class TranslatingPool implements PostgresPool {
  readonly options: object;
  readonly #pool: pg.Pool;
  readonly #inUse = new Set<TranslatingClient>();
  // Kysely keys what it knows of a connection by this object, so one client must keep one.
  readonly #wrapped = new WeakMap<pg.PoolClient, TranslatingClient>();
  #ended: Promise<void> | undefined;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
    this.options = pool.options;
  }

  async connect(): Promise<PostgresPoolClient> {
    if (this.#ended !== undefined) throw closed();
    let client: pg.PoolClient;
    try {
      client = await this.#pool.connect();
    } catch (error) {
      throw toSqlError(error);
    }
    let wrapped = this.#wrapped.get(client);
    if (wrapped === undefined) {
      wrapped = new TranslatingClient(client, (self) => this.#inUse.delete(self));
      this.#wrapped.set(client, wrapped);
    }
    this.#inUse.add(wrapped);
    return wrapped;
  }

  /** Takes no more work; resolves when the connections in use have been given back and all are closed. */
  end(): Promise<void> {
    this.#ended ??= this.#pool.end();
    return this.#ended;
  }

  /** Breaks the connections still in use; their statements fail with UNAVAILABLE. Also those that nobody will give back. */
  breakConnections(): void {
    for (const client of [...this.#inUse]) client.break();
  }
}

class TranslatingClient implements PostgresPoolClient {
  readonly #client: pg.PoolClient;
  readonly #onRelease: (self: TranslatingClient) => void;
  #broken: ServiceError | undefined;
  #gone = false;

  constructor(client: pg.PoolClient, onRelease: (self: TranslatingClient) => void) {
    this.#client = client;
    this.#onRelease = onRelease;
  }

  query<R>(sql: string, parameters: ReadonlyArray<unknown>): Promise<PostgresQueryResult<R>>;
  query<R>(cursor: PostgresCursor<R>): PostgresCursor<R>;
  query<R>(
    sql: string | PostgresCursor<R>,
    parameters?: ReadonlyArray<unknown>,
  ): Promise<PostgresQueryResult<R>> | PostgresCursor<R> {
    if (typeof sql !== 'string') throw new Error('cursors are not used here');
    return this.#run(sql, parameters ?? []);
  }

  async #run<R>(sql: string, parameters: ReadonlyArray<unknown>): Promise<PostgresQueryResult<R>> {
    // A transaction is rolled back after its connection broke, too, and that failure must not hide the first.
    if (this.#broken !== undefined) throw this.#broken;
    try {
      // The driver types `command` as any string, Kysely as the ones it knows.
      return (await this.#client.query(sql, [...parameters])) as unknown as PostgresQueryResult<R>;
    } catch (error) {
      const translated = toSqlError(error);
      if (!isUnavailable(translated)) throw translated;
      this.#broken = sql === 'commit' && wasSent(error) ? commitUnknown(translated) : translated;
      throw this.#broken;
    }
  }

  /** Takes the connection from whoever has it: the statement under way, or the next one, fails with UNAVAILABLE. */
  break(): void {
    this.#broken ??= closed();
    this.release(true);
  }

  release(destroy?: boolean): void {
    // After `break` whoever had it may still give it back.
    if (this.#gone) return;
    this.#gone = destroy === true || this.#broken !== undefined;
    this.#onRelease(this);
    // The server says that it ends a session before it does: given back to the pool, the next user would meet the end.
    this.#client.release(this.#gone);
  }
}

/** Did the statement leave? Not when the driver already knew that the connection was lost. */
function wasSent(error: unknown): boolean {
  return !(error instanceof Error && error.message.startsWith('Client has encountered a connection error'));
}

function isUnavailable(error: unknown): error is ServiceError {
  return error instanceof ServiceError && error.code === 'UNAVAILABLE';
}

/** The connection broke between the commit and its answer: repeating the work might do it twice, so this is not retryable. */
function commitUnknown(cause: unknown): ServiceError {
  const message = 'the connection was lost during commit; the transaction may or may not have happened';
  return new ServiceError('UNKNOWN', 'COMMIT_OUTCOME_UNKNOWN', { message, cause });
}

function closed(): ServiceError {
  return new ServiceError('UNAVAILABLE', 'DATABASE_CLOSED', { message: 'the database connection is being closed' });
}
