import { DeadlineExceeded } from '@frameworks/std';

/** The canonical gRPC codes this system uses, by name. `OK` is not an error and therefore absent. */
export const errorCodes = [
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

export interface ServiceErrorOptions {
  /** What went wrong, for an engineer. People get their prose from bridge, cli and console, by `reason`. */
  message: string;
  /** Data the reader of the error needs to act: ids, limits, names. Never a secret. */
  data?: Record<string, string>;
  /** May the same call succeed later without anything else changing? Default: `UNAVAILABLE` and `ABORTED` only. */
  retryable?: boolean;
  /** Earliest sensible retry, milliseconds from now. */
  retryAfterMs?: number;
  cause?: unknown;
}

/** The one error type that crosses service boundaries: a code for machines, a stable reason, data, cause, retryability. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  readonly code: ErrorCode;
  /** UPPER_SNAKE_CASE, stable: clients switch on it. */
  readonly reason: string;
  readonly data: Readonly<Record<string, string>>;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, reason: string, options: ServiceErrorOptions) {
    super(options.message, { cause: options.cause });
    this.code = code;
    this.reason = reason;
    this.data = options.data ?? {};
    this.retryable = options.retryable ?? (code === 'UNAVAILABLE' || code === 'ABORTED');
    this.retryAfterMs = options.retryAfterMs;
  }
}

/**
 * Anything thrown → the error to report: a passed deadline is DEADLINE_EXCEEDED, an abort CANCELLED, and whatever else is
 * not a `ServiceError` is ours to fix: INTERNAL. The original is the cause.
 */
export function toServiceError(thrown: unknown): ServiceError {
  if (thrown instanceof ServiceError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (thrown instanceof DeadlineExceeded) {
    return new ServiceError('DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED', { message, cause: thrown });
  }
  if (thrown instanceof Error && thrown.name === 'AbortError') {
    return new ServiceError('CANCELLED', 'CANCELLED', { message, cause: thrown });
  }
  return new ServiceError('INTERNAL', 'INTERNAL', { message, cause: thrown });
}
