import { ServiceError } from '@frameworks/kit/errors';
import pg from 'pg';

/** SQLSTATE → what it means to a caller. Codes: PostgreSQL manual, appendix A. Violated constraints are not here: see `onConstraint`. */
const meanings: readonly [pattern: RegExp, toError: (message: string, cause: unknown) => ServiceError][] = [
  [/^40001$/, (message, cause) => new ServiceError('ABORTED', 'SERIALIZATION_FAILURE', { message, cause })],
  [/^40P01$/, (message, cause) => new ServiceError('ABORTED', 'DEADLOCK', { message, cause })],
  [/^55P03$/, (message, cause) => new ServiceError('ABORTED', 'LOCK_NOT_AVAILABLE', { message, cause })],
  [/^57014$/, (message, cause) => new ServiceError('DEADLINE_EXCEEDED', 'STATEMENT_TIMEOUT', { message, cause })],
  // Full disk, out of memory; 53300 (too many connections) below is a matter of waiting.
  [/^53[12]00$/, (message, cause) => new ServiceError('RESOURCE_EXHAUSTED', 'DATABASE_FULL', { message, cause })],
  [
    /^(?:28...|3D000)$/,
    (message, cause) => new ServiceError('FAILED_PRECONDITION', 'DATABASE_REFUSED', { message, cause }),
  ],
  // Lost or refused connections, shutting down, starting up; 25006: a standby that was the primary a moment ago.
  [/^(?:08...|57P0.|53300|25006)$/, (message, cause) => unavailable(message, cause)],
];

/** Node's names for a connection that could not be made or broke. */
const networkCodes = /^(?:ECONN|ENOTFOUND|EAI_AGAIN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)/;

/** What the pool and the client say without a code, when a connection is lost, ended or not had in time. */
const lostMessages =
  /^(?:Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Cannot use a pool after calling end)/;

/**
 * A failure of the database driver → `ServiceError`, where its meaning is the same for every statement: unreachable
 * (UNAVAILABLE, retryable), conflict between transactions (ABORTED, retryable), too slow, full, not let in. Anything else,
 * violated constraints above all, comes back as it is.
 */
export function toSqlError(error: unknown): unknown {
  if (error instanceof ServiceError || !(error instanceof Error)) return error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (error instanceof pg.DatabaseError) {
    const meaning = meanings.find(([pattern]) => pattern.test(code));
    return meaning === undefined ? error : meaning[1](error.message, error);
  }
  return networkCodes.test(code) || lostMessages.test(error.message) ? unavailable(error.message, error) : error;
}

function unavailable(message: string, cause: unknown): ServiceError {
  return new ServiceError('UNAVAILABLE', 'DATABASE_UNAVAILABLE', {
    message: `the database is not available: ${message}`,
    cause,
  });
}

/** What PostgreSQL says about a violated constraint. */
export interface ConstraintViolation {
  readonly constraint: string;
  readonly table: string;
  /** Values included: for the log, not for clients. */
  readonly detail: string;
}

/**
 * For `.catch(onConstraint({ users_email_key: () => new ServiceError('ALREADY_EXISTS', …) }))`: throws the error made for the
 * violated constraint (unique, foreign key, check, exclusion, not null), or the original failure when none is.
 */
export function onConstraint(
  errors: Readonly<Record<string, (violation: ConstraintViolation) => ServiceError>>,
): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof pg.DatabaseError) || !error.code?.startsWith('23')) throw error;
    // A NOT NULL has no name of its own before version 18, so it goes by its column.
    const constraint = error.constraint ?? error.column ?? '';
    const make = Object.hasOwn(errors, constraint) ? errors[constraint] : undefined;
    throw make?.({ constraint, table: error.table ?? '', detail: error.detail ?? '' }) ?? error;
  };
}
