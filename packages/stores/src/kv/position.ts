import { randomInt } from 'node:crypto';

/**
 * The position of the entry with that version: `<version>-<nonce>`, which is also a valid Redis Stream id. The nonce tells
 * an entry from another one that got the same number after the store lost the first, so that a reader who is at the lost
 * one is told `truncated` instead of silently reading another history.
 */
export function positionOf(version: number): string {
  return `${version}-${newNonce()}`;
}

export function newNonce(): number {
  return randomInt(1, 2 ** 32);
}
