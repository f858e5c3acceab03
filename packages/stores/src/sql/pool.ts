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
  readonly #inUse = new Set<pg.PoolClient>();
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
    this.#inUse.add(client);
    let wrapped = this.#wrapped.get(client);
    if (wrapped === undefined) {
      wrapped = new TranslatingClient(client, () => this.#inUse.delete(client));
      this.#wrapped.set(client, wrapped);
    }
    return wrapped;
  }

  /** Takes no more work; resolves when the connections in use have been given back and all are closed. */
  end(): Promise<void> {
    this.#ended ??= this.#pool.end();
    return this.#ended;
  }

  /** Breaks the connections still in use; their statements fail with UNAVAILABLE. */
  breakConnections(): void {
    for (const client of this.#inUse) {
      // `end` of a client that waits for an answer destroys its socket. A pooled client has it, though its type hides it.
      void (client as unknown as pg.Client).end().catch(() => undefined);
    }
  }
}

class TranslatingClient implements PostgresPoolClient {
  readonly #client: pg.PoolClient;
  readonly #onRelease: () => void;
  #broken: ServiceError | undefined;

  constructor(client: pg.PoolClient, onRelease: () => void) {
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
      this.#broken = sql === 'commit' ? commitUnknown(translated) : translated;
      throw this.#broken;
    }
  }

  release(destroy?: boolean): void {
    this.#onRelease();
    // The server says that it ends a session before it does: given back to the pool, the next user would meet the end.
    this.#client.release(destroy === true || this.#broken !== undefined);
  }
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
