import { invalid } from './errors.ts';
import type { ByteRange, ListOptions, PutOptions } from './objects.ts';

export const maxKeyBytes = 1024;
export const maxPageSize = 1000;
export const defaultMaxObjectBytes = 50 * 1024 ** 3;

/** Throws INVALID_ARGUMENT `OBJECT_INVALID_KEY` unless `key` is as `objects.ts` says. */
export function assertObjectKey(key: string): void {
  const sizeBytes = Buffer.byteLength(key);
  if (sizeBytes < 1 || sizeBytes > maxKeyBytes)
    throw invalidKey(`must have 1 to ${maxKeyBytes} bytes, not ${sizeBytes}`);
  if (!key.isWellFormed()) throw invalidKey('is not well-formed Unicode');
  if (/\p{Cc}/u.test(key)) throw invalidKey('contains a control character');
  const bad = key.split('/').find((segment) => segment === '' || segment === '.' || segment === '..');
  if (bad !== undefined) throw invalidKey(`contains the segment "${bad}"`);
}

/** The bound of a put: the caller's, but never more than the store's. */
export function boundOf({ maxBytes }: PutOptions, storeMaxBytes: number): number {
  if (maxBytes === undefined) return storeMaxBytes;
  assertCount(maxBytes, { name: 'maxBytes', min: 0, max: Number.MAX_SAFE_INTEGER });
  return Math.min(maxBytes, storeMaxBytes);
}

export function checkPut({ ifMatch, ifNoneMatch }: PutOptions): void {
  if (ifMatch !== undefined && ifNoneMatch !== undefined) {
    throw invalid('OBJECTS_INVALID_CONDITION', 'ifMatch and ifNoneMatch exclude each other');
  }
}

export function checkRange({ start, end }: ByteRange): void {
  assertCount(start, { name: 'range start', min: 0, max: Number.MAX_SAFE_INTEGER });
  if (end !== undefined) assertCount(end, { name: 'range end', min: start, max: Number.MAX_SAFE_INTEGER });
}

export interface ListRequest {
  prefix: string;
  after: string;
  limit: number;
}

/** A prefix and an `after` need not be keys, only text: `recordings/` is the usual one. */
export function checkList({ prefix = '', after = '', limit = maxPageSize }: ListOptions): ListRequest {
  assertCount(limit, { name: 'limit', min: 1, max: maxPageSize });
  for (const text of [prefix, after]) {
    if (text.isWellFormed() && Buffer.byteLength(text) <= maxKeyBytes) continue;
    throw invalid('OBJECTS_INVALID_LIST', `prefix and after are well-formed text of at most ${maxKeyBytes} bytes`);
  }
  return { prefix, after, limit };
}

function assertCount(value: number, { name, min, max }: { name: string; min: number; max: number }): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return;
  throw invalid('OBJECTS_INVALID_ARGUMENT', `${name} must be a whole number from ${min} to ${max}, not ${value}`);
}

function invalidKey(message: string): Error {
  return invalid('OBJECT_INVALID_KEY', `object key ${message}`);
}
