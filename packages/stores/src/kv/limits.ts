import { ServiceError } from '@frameworks/kit/errors';
import { assertCell } from './key.ts';
import type { KvOptions } from './kv.ts';

/** Bounds every adapter enforces, before anything is sent. */
export const limits = {
  /** A value is state about one entity, not a document; large things go to the objects seam. */
  maxValueBytes: 1024 * 1024,
  maxTtlMs: 366 * 86_400_000,
  /** How long a fence outlives the last grant or renewal: without a bound every lease there ever was would leave a key. */
  fenceKeptMs: 30 * 86_400_000,
  maxBatch: 1000,
  maxPageSize: 10_000,
  maxReadEntries: 10_000,
  maxChangelogEntries: 1_000_000,
  /** A snapshot is one answer; this bounds it. */
  maxChangelogEntities: 100_000,
  maxOwnerBytes: 256,
  maxNameBytes: 512,
  /** How often a wait looks by itself, in case the notice of a release or an append got lost. Half of the promised second. */
  pollMs: 500,
} as const;

/** The time to live of a lease's fence: never shorter than the lease itself. */
export function fenceTtlOf(leaseTtlMs: number): number {
  return Math.max(limits.fenceKeptMs, 2 * leaseTtlMs);
}

export const defaultCallTimeoutMs = 2000;
export const defaultChangelogEntries = 10_000;

/** Throws INVALID_ARGUMENT or RESOURCE_EXHAUSTED `KV_INVALID_VALUE` / `KV_VALUE_TOO_LARGE`. */
export function assertValue(value: string): void {
  if (!value.isWellFormed()) throw invalid('KV_INVALID_VALUE', 'value is not well-formed Unicode');
  // The cheap test first: no string has more UTF-8 bytes than three times its length.
  if (value.length * 3 <= limits.maxValueBytes) return;
  const sizeBytes = Buffer.byteLength(value);
  if (sizeBytes <= limits.maxValueBytes) return;
  throw new ServiceError('INVALID_ARGUMENT', 'KV_VALUE_TOO_LARGE', {
    message: `kv value is ${sizeBytes} bytes, at most ${limits.maxValueBytes} are allowed`,
    data: { sizeBytes: String(sizeBytes), maxBytes: String(limits.maxValueBytes) },
  });
}

/** Throws INVALID_ARGUMENT `KV_INVALID_TTL`. */
export function assertTtl(ttlMs: number): void {
  assertInteger(ttlMs, { name: 'ttlMs', min: 1, max: limits.maxTtlMs, reason: 'KV_INVALID_TTL' });
}

/** Owners, entities, hash fields: 1 to `maxBytes` bytes of text without control characters. */
export function assertName(text: string, what: string, maxBytes: number = limits.maxNameBytes): void {
  const sizeBytes = Buffer.byteLength(text);
  if (sizeBytes >= 1 && sizeBytes <= maxBytes && text.isWellFormed() && !/\p{Cc}/u.test(text)) return;
  throw invalid('KV_INVALID_NAME', `${what} must be 1 to ${maxBytes} bytes of text without control characters`);
}

export function assertInteger(value: number, rule: { name: string; min: number; max: number; reason?: string }): void {
  if (Number.isSafeInteger(value) && value >= rule.min && value <= rule.max) return;
  throw invalid(
    rule.reason ?? 'KV_INVALID_ARGUMENT',
    `${rule.name} must be a whole number from ${rule.min} to ${rule.max}, not ${value}`,
  );
}

export function assertBatch(count: number, what: string): void {
  assertInteger(count, { name: `number of ${what}`, min: 1, max: limits.maxBatch });
}

/** Throws INVALID_ARGUMENT for options no adapter could work with. */
export function assertOptions(options: KvOptions): void {
  assertCell(options.cell);
  assertInteger(options.callTimeoutMs ?? defaultCallTimeoutMs, { name: 'callTimeoutMs', min: 1, max: 600_000 });
}

export function invalid(reason: string, message: string): ServiceError {
  return new ServiceError('INVALID_ARGUMENT', reason, { message });
}
