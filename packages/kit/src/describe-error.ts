import { ServiceError } from './errors.ts';

/** An error as data for logs and status pages. */
export interface ErrorDescription {
  readonly type: string;
  readonly message: string;
  readonly code?: string;
  readonly reason?: string;
  readonly data?: Readonly<Record<string, string>>;
  readonly stack?: string;
  readonly cause?: ErrorDescription;
  readonly errors?: readonly ErrorDescription[];
}

/** Causes below causes are followed this far: chains are short, and may be circular. */
const deepestCause = 5;
/** Members of an `AggregateError` that are shown. */
const mostMembers = 10;

/** Anything thrown → its description, causes and members of aggregates included. */
export function describeError(thrown: unknown, depth = 0): ErrorDescription {
  if (!(thrown instanceof Error)) return { type: typeof thrown, message: asText(thrown) };
  const members = thrown instanceof AggregateError && depth < deepestCause ? thrown.errors.slice(0, mostMembers) : [];
  return {
    type: thrown.name,
    message: thrown.message,
    ...codeOf(thrown),
    ...(thrown.stack === undefined ? {} : { stack: thrown.stack }),
    ...(thrown.cause === undefined || depth >= deepestCause ? {} : { cause: describeError(thrown.cause, depth + 1) }),
    ...(members.length === 0 ? {} : { errors: members.map((member) => describeError(member, depth + 1)) }),
  };
}

/** `REASON: message` of a `ServiceError`, the message of others: one line for terminals and status fields. */
export function summarizeError(thrown: unknown): string {
  const text = thrown instanceof ServiceError ? `${thrown.reason}: ${thrown.message}` : messageOf(thrown);
  return text.replace(/\s*\n\s*/g, ' ');
}

function messageOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return asText(thrown);
  // Node's connection errors to a name with several addresses have an empty message and their content in the members.
  if (thrown instanceof AggregateError && thrown.message === '') return thrown.errors.map(messageOf).join('; ');
  return thrown.message === '' ? thrown.name : thrown.message;
}

function codeOf(error: Error): Pick<ErrorDescription, 'code' | 'reason' | 'data'> {
  if (error instanceof ServiceError) return { code: error.code, reason: error.reason, data: error.data };
  return 'code' in error && typeof error.code === 'string' ? { code: error.code } : {};
}

function asText(value: unknown): string {
  try {
    return String(value);
  } catch {
    return 'a value without a text form';
  }
}
