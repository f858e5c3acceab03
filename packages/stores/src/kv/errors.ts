import { ServiceError } from '@frameworks/kit/errors';

export function kvClosed(): ServiceError {
  return new ServiceError('FAILED_PRECONDITION', 'KV_CLOSED', { message: 'the kv was closed' });
}

export function kvFull(message: string): ServiceError {
  return new ServiceError('RESOURCE_EXHAUSTED', 'KV_FULL', { message });
}

export function wrongType(): ServiceError {
  return new ServiceError('FAILED_PRECONDITION', 'KV_WRONG_TYPE', {
    message: 'the kv key holds another kind of value than this operation works on',
  });
}

export function notAnInteger(): ServiceError {
  return new ServiceError('FAILED_PRECONDITION', 'KV_NOT_AN_INTEGER', { message: 'the hash field holds no integer' });
}

export function outOfRange(): ServiceError {
  return new ServiceError('OUT_OF_RANGE', 'KV_OUT_OF_RANGE', { message: 'the sum would not be a safe integer' });
}

export function kvUnavailable(cause: unknown, detail: string): ServiceError {
  return new ServiceError('UNAVAILABLE', 'KV_UNAVAILABLE', { message: `the kv is away: ${detail}`, cause });
}

export function kvDeadline(cause: unknown): ServiceError {
  return new ServiceError('DEADLINE_EXCEEDED', 'KV_DEADLINE', {
    message: 'the kv did not answer in time; the call may have had its effect',
    retryable: true,
    cause,
  });
}
