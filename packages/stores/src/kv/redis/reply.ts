import { ServiceError } from '@frameworks/kit/errors';

/** Replies of scripts are `unknown` until proven; a reply of another shape means another program wrote to our keys. */

export function toArray(reply: unknown): unknown[] {
  if (Array.isArray(reply)) return reply;
  throw unexpected(reply);
}

export function toText(reply: unknown): string {
  if (typeof reply === 'string') return reply;
  throw unexpected(reply);
}

/** Redis gives integers as numbers, scripts give large ones as text. */
export function toInteger(reply: unknown): number {
  const value = typeof reply === 'string' && reply !== '' ? Number(reply) : reply;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw unexpected(reply);
}

function unexpected(reply: unknown): ServiceError {
  return new ServiceError('DATA_LOSS', 'KV_REPLY', { message: `redis answered with an unexpected ${typeof reply}` });
}
