import { ServiceError } from '@frameworks/kit/errors';

export function invalid(reason: string, message: string): ServiceError {
  return new ServiceError('INVALID_ARGUMENT', reason, { message });
}

export function notFound(key: string): ServiceError {
  return new ServiceError('NOT_FOUND', 'OBJECT_NOT_FOUND', { message: 'there is no such object', data: { key } });
}

export function conditionFailed(key: string, actualEtag: string | undefined): ServiceError {
  return new ServiceError('FAILED_PRECONDITION', 'OBJECT_CONDITION_FAILED', {
    message: actualEtag === undefined ? 'there is no such object' : 'the object is there with another ETag',
    data: { key, etag: actualEtag ?? '' },
  });
}

export function tooLarge(key: string, maxBytes: number): ServiceError {
  return new ServiceError('INVALID_ARGUMENT', 'OBJECT_TOO_LARGE', {
    message: `the object is larger than ${maxBytes} bytes`,
    data: { key, maxBytes: String(maxBytes) },
  });
}

export function rangeNotSatisfiable(key: string, sizeBytes: number): ServiceError {
  return new ServiceError('OUT_OF_RANGE', 'OBJECT_RANGE_NOT_SATISFIABLE', {
    message: `the range begins beyond the object's ${sizeBytes} bytes`,
    data: { key, sizeBytes: String(sizeBytes) },
  });
}

export function damaged(key: string): ServiceError {
  return new ServiceError('DATA_LOSS', 'OBJECT_DAMAGED', {
    message: 'the stored file is not a whole object',
    data: { key },
  });
}

export function objectsClosed(): ServiceError {
  return new ServiceError('FAILED_PRECONDITION', 'OBJECTS_CLOSED', { message: 'the object store was closed' });
}

/** A failure of the file system → the error of the seam. Anything else passes unchanged: a source's own failure stays what it is. */
export function fromFileSystem(thrown: unknown): unknown {
  const code = codeOf(thrown);
  if (code === undefined || thrown instanceof ServiceError) return thrown;
  const cause = thrown;
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return new ServiceError('RESOURCE_EXHAUSTED', 'OBJECTS_DISK_FULL', {
        message: 'no space left for objects; free some or move the directory',
        retryable: true,
        cause,
      });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new ServiceError('PERMISSION_DENIED', 'OBJECTS_PERMISSION', {
        message: `this process may not do that in the object directory (${code})`,
        cause,
      });
    case 'EMFILE':
    case 'ENFILE':
    case 'EIO':
    case 'ESTALE':
    case 'ENOMEM':
    case 'ENOENT':
      return new ServiceError('UNAVAILABLE', 'OBJECTS_UNAVAILABLE', { message: `object directory: ${code}`, cause });
    default:
      return thrown;
  }
}

/** Codes of system calls only: `E` and capitals, with the name of the call beside. */
export function codeOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown) || !('syscall' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}

/** ENOTDIR too: a path below something that is no directory is absent. */
export function isAbsent(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}
