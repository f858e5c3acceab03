import { ServiceError } from '@frameworks/kit/errors';
import { kvDeadline, kvFull, kvUnavailable, notAnInteger, outOfRange, wrongType } from '../errors.ts';

/** The first word of a Redis error reply → what it means here. */
const byCode: Readonly<Record<string, (cause: Error) => ServiceError>> = {
  WRONGTYPE: wrongType,
  OUTOFRANGE: outOfRange,
  KVFULL: (cause) => kvFull(cause.message),
  OOM: () => kvFull('redis is out of memory (maxmemory)'),
  NOAUTH: authFailed,
  WRONGPASS: authFailed,
  NOPERM: authFailed,
  // Alive, but not able to serve this now.
  LOADING: away,
  BUSY: away,
  MASTERDOWN: away,
  READONLY: away,
  MISCONF: away,
  CLUSTERDOWN: away,
  NOREPLICAS: away,
};

/** Whatever ioredis rejects with → the error of the seam. What is not understood stays INTERNAL with its cause. */
export function fromRedis(thrown: unknown): ServiceError {
  if (thrown instanceof ServiceError) return thrown;
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  if (error.name === 'ReplyError') return fromReply(error);
  if (error.message === 'Command timed out') return kvDeadline(error);
  // Everything else ioredis throws is about the connection: refused, reset, closed, not writable, retries exhausted.
  return kvUnavailable(error, error.message);
}

function fromReply(error: Error): ServiceError {
  // A script's error keeps its code; some Redis versions put ERR and the place in front or behind.
  const code = /^(?:ERR )?([A-Z]+)\b/.exec(error.message)?.[1] ?? '';
  const known = byCode[code];
  if (known !== undefined) return known(error);
  if (error.message.includes('not an integer')) return notAnInteger();
  if (error.message.includes('would overflow')) return outOfRange();
  if (error.message.includes('invalid password')) return authFailed(error);
  return new ServiceError('INTERNAL', 'KV_REPLY', { message: `redis: ${error.message}`, cause: error });
}

function away(cause: Error): ServiceError {
  return kvUnavailable(cause, cause.message);
}

function authFailed(cause: Error): ServiceError {
  return new ServiceError('UNAUTHENTICATED', 'KV_AUTH', {
    message: 'redis refused the password of the kv URL, or its user may not do this',
    cause,
  });
}
