import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPage } from './paging.ts';

const list = { list: 'things', filters: { state: 2, cluster: 'eu' }, keyParts: 1 };
const all = Array.from({ length: 7 }, (_, index) => `k${index}`);

function query(after: readonly string[] | undefined, limit: number): string[] {
  return all.filter((key) => after === undefined || key > (after[0] ?? '')).slice(0, limit);
}

describe('keyset paging', () => {
  it('walks the whole list, each row once', () => {
    const seen: string[] = [];
    let cursor = '';
    do {
      const page = readPage({ pageSize: 3, cursor }, list);
      const { rows, nextCursor } = page.cut(query(page.after, page.limit), (key) => [key]);
      seen.push(...rows);
      cursor = nextCursor;
    } while (cursor !== '');
    expect(seen).toEqual(all);
  });

  it('has no next cursor when the rows end exactly with the page', () => {
    const page = readPage({ pageSize: 7, cursor: '' }, list);
    expect(page.cut(query(page.after, page.limit), (key) => [key]).nextCursor).toBe('');
  });

  it.each([
    [undefined, 50],
    [{ pageSize: 0, cursor: '' }, 50],
    [{ pageSize: 500, cursor: '' }, 500],
  ])('%j is a page of %i', (request, size) => expect(readPage(request, list).size).toBe(size));

  it('refuses 501 instead of silently giving fewer', () => {
    expect(() => readPage({ pageSize: 501, cursor: '' }, list)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', reason: 'PAGE_SIZE_INVALID' }),
    );
  });

  it('refuses a cursor of another list or filter', () => {
    const { nextCursor } = readPage({ pageSize: 1, cursor: '' }, list).cut(['k0', 'k1'], (key) => [key]);
    for (const other of [
      { ...list, list: 'others' },
      { ...list, filters: { state: 3, cluster: 'eu' } },
      { ...list, keyParts: 2 },
    ]) {
      expect(() => readPage({ pageSize: 1, cursor: nextCursor }, other)).toThrow(
        expect.objectContaining({ reason: 'CURSOR_INVALID' }),
      );
    }
  });

  it('answers any garbage with CURSOR_INVALID', () => {
    const garbage = fc.oneof(
      fc.string({ minLength: 1 }),
      fc.json().map((text) => Buffer.from(text).toString('base64url')),
      fc.string({ minLength: 4_097, maxLength: 5_000 }),
    );
    fc.assert(
      fc.property(garbage, (cursor) => {
        expect(() => readPage({ pageSize: 1, cursor }, list)).toThrow(
          expect.objectContaining({ reason: 'CURSOR_INVALID' }),
        );
      }),
    );
  });
});
