import type { Change, ReadOptions } from './changelog.ts';
import type { KvKey } from './key.ts';
import { assertNoun, parseKey } from './key.ts';
import type { ChangelogOptions, ScanOptions, Swap, TtlOptions } from './kv.ts';
import type { LeaseHold, LeaseRequest } from './lease.ts';
import {
  assertBatch,
  assertInteger,
  assertName,
  assertTtl,
  assertValue,
  defaultChangelogEntries,
  invalid,
  limits,
} from './limits.ts';

/** What every adapter checks before it acts, in one place, so that a mistake gets the same answer from all of them. */

/** A key of another cell is a programming mistake that would break isolation: refused, not rewritten. */
export function checkKey(cell: string, key: KvKey): void {
  const found = parseKey(key).cell;
  if (found !== cell) throw invalid('KV_INVALID_KEY', `key of cell "${found}" used on the kv of cell "${cell}"`);
}

export function checkSet(value: string, options: TtlOptions | undefined): void {
  assertValue(value);
  if (options?.ttlMs !== undefined) assertTtl(options.ttlMs);
}

export function checkSwap(swap: Swap): void {
  if (swap.expected !== undefined) assertValue(swap.expected);
  if (swap.next !== undefined) assertValue(swap.next);
  if (swap.ttlMs !== undefined) assertTtl(swap.ttlMs);
}

export function checkFields(fields: Readonly<Record<string, string>>): void {
  const entries = Object.entries(fields);
  assertBatch(entries.length, 'fields');
  for (const [field, value] of entries) {
    assertName(field, 'field');
    assertValue(value);
  }
}

export function checkFieldNames(fields: readonly string[]): void {
  assertBatch(fields.length, 'fields');
  for (const field of fields) assertName(field, 'field');
}

export function checkIncrement(field: string, by: number): void {
  assertName(field, 'field');
  assertInteger(by, { name: 'increment', min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER });
}

export function checkLeaseRequest(request: LeaseRequest): void {
  assertName(request.owner, 'owner', limits.maxOwnerBytes);
  assertTtl(request.ttlMs);
  assertFence(request.highestSeenFence ?? 0, 'highestSeenFence');
}

export function checkLeaseHold(hold: LeaseHold & { ttlMs?: number }): void {
  assertName(hold.owner, 'owner', limits.maxOwnerBytes);
  assertFence(hold.fence, 'fence');
  if (hold.ttlMs !== undefined) assertTtl(hold.ttlMs);
}

export function checkChange(cell: string, change: Change): void {
  assertName(change.entity, 'entity');
  if (change.value !== undefined) assertValue(change.value);
  assertFence(change.expectedVersion ?? 0, 'expectedVersion');
  if (change.guard === undefined) return;
  checkKey(cell, change.guard.lease);
  assertFence(change.guard.fence, 'fence');
}

/** Fills in the defaults of a read and checks the position. */
export function checkRead(position: string, options: ReadOptions): { limit: number; waitMs: number } {
  if (!/^\d{1,16}-\d{1,10}$/.test(position)) throw invalid('KV_INVALID_POSITION', 'not a position of a changelog');
  const limit = options.limit ?? 500;
  const waitMs = options.waitMs ?? 0;
  assertInteger(limit, { name: 'limit', min: 1, max: limits.maxReadEntries });
  assertInteger(waitMs, { name: 'waitMs', min: 0, max: limits.maxTtlMs });
  return { limit, waitMs };
}

export interface ScanRequest {
  noun: string;
  idPrefix: string;
  pageSize: number;
  cursor: string | undefined;
}

export function checkScan(noun: string, options: ScanOptions): ScanRequest {
  assertNoun(noun);
  const pageSize = options.pageSize ?? 500;
  assertInteger(pageSize, { name: 'pageSize', min: 1, max: limits.maxPageSize });
  const idPrefix = options.idPrefix ?? '';
  if (idPrefix !== '') assertName(idPrefix, 'idPrefix');
  if (options.cursor !== undefined && !/^\d{1,20}$/.test(options.cursor)) {
    throw invalid('KV_INVALID_CURSOR', 'not a cursor of a scan');
  }
  return { noun, idPrefix, pageSize, cursor: options.cursor };
}

export function checkChangelog(name: string, options: ChangelogOptions | undefined): { maxEntries: number } {
  assertName(name, 'changelog');
  const maxEntries = options?.maxEntries ?? defaultChangelogEntries;
  assertInteger(maxEntries, { name: 'maxEntries', min: 1, max: limits.maxChangelogEntries });
  return { maxEntries };
}

function assertFence(fence: number, name: string): void {
  // One below the largest safe integer, so that the next fence is still exact.
  assertInteger(fence, { name, min: 0, max: Number.MAX_SAFE_INTEGER - 1 });
}
