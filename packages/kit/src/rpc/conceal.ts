import { randomBytes } from 'node:crypto';
import { ClientError } from 'nice-grpc';
import { ServiceError } from '../errors.ts';
import type { Logger } from '../log.ts';

const ownFaults = new Set(['INTERNAL', 'UNKNOWN']);

/**
 * An error as a remote may see it. What is our own fault is logged here, once, in full; the remote learns an incident number
 * to quote. A call of ours that found no connection keeps its code but not its text, which names addresses behind us.
 */
export function conceal(
  error: ServiceError,
  { method, log }: { method: string | undefined; log: Logger },
): ServiceError {
  const { code, reason, retryable, retryAfterMs } = error;
  if (ownFaults.has(code)) {
    const incident = randomBytes(6).toString('hex');
    log.error({ event: 'rpc_failed', method, incident, reason, error: error.cause ?? error }, 'call failed');
    return new ServiceError(code, reason, { message: 'internal error', data: { incident } });
  }
  if (!(error.cause instanceof ClientError)) return error;
  const delay = retryAfterMs === undefined ? {} : { retryAfterMs };
  return new ServiceError(code, reason, { message: 'a service behind this one did not answer', retryable, ...delay });
}
