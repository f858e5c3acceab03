import { createHash } from 'node:crypto';
import { ServiceError } from './errors.ts';

/** What a caller asked for, as `frameworks.common.v1.PageRequest` carries it. Absent: the first page of default size. */
export interface PageRequestLike {
  readonly pageSize: number;
  readonly cursor: string;
}

export interface PagedList {
  /** Name of the list: a cursor of another list is refused. */
  readonly list: string;
  /** What narrows it: a cursor taken under other filters is refused. */
  readonly filters?: Readonly<Record<string, string | number>>;
  /** How many texts make up a row's key. */
  readonly keyParts: number;
}

/** One page to read: `size + 1` rows after the key `after`, in the list's order. */
export interface Page {
  readonly size: number;
  /** One more than `size`: whether there is a next page shows in the same query. */
  readonly limit: number;
  /** Key of the last row of the previous page; `undefined` for the first page. */
  readonly after: readonly string[] | undefined;
  /** Rows read with `limit` → the page's rows and the cursor of the next, empty after the last. */
  cut<Row>(rows: readonly Row[], keyOf: (row: Row) => readonly string[]): { rows: Row[]; nextCursor: string };
}

const defaultSize = 50;
const maxSize = 500;
/** Keys are ids and names; a longer cursor is not ours. */
const maxCursorLength = 4_096;

/**
 * Keyset paging: a cursor is the key of the last row seen, so rows inserted or deleted meanwhile neither repeat nor hide
 * others. It holds nothing secret and grants nothing: the query it goes into is authorized like any other.
 * Throws INVALID_ARGUMENT `PAGE_SIZE_INVALID` or `CURSOR_INVALID`.
 */
export function readPage(request: PageRequestLike | undefined, list: PagedList): Page {
  const size = request?.pageSize || defaultSize;
  if (!Number.isInteger(size) || size < 1 || size > maxSize) {
    throw new ServiceError('INVALID_ARGUMENT', 'PAGE_SIZE_INVALID', {
      message: `page_size must be 1 to ${maxSize}`,
      data: { pageSize: String(size) },
    });
  }
  const mark = markOf(list);
  return {
    size,
    limit: size + 1,
    after: request?.cursor ? decode(request.cursor, mark, list.keyParts) : undefined,
    cut: (rows, keyOf) => {
      const page = rows.slice(0, size);
      const last = page.at(-1);
      const more = rows.length > size && last !== undefined;
      return { rows: page, nextCursor: more ? encode(mark, keyOf(last)) : '' };
    },
  };
}

/** Eight bytes tell apart the few lists and filters a client can mix up by mistake; nothing depends on them against malice. */
function markOf({ list, filters = {} }: PagedList): string {
  const sorted = Object.entries(filters).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([list, sorted]))
    .digest('base64url')
    .slice(0, 11);
}

function encode(mark: string, key: readonly string[]): string {
  return Buffer.from(JSON.stringify([mark, ...key])).toString('base64url');
}

function decode(cursor: string, mark: string, keyParts: number): readonly string[] {
  const parts = cursor.length <= maxCursorLength ? parseTexts(cursor) : undefined;
  if (parts?.[0] !== mark || parts.length !== keyParts + 1) {
    throw new ServiceError('INVALID_ARGUMENT', 'CURSOR_INVALID', { message: 'the cursor is not one of this list' });
  }
  return parts.slice(1);
}

function parseTexts(cursor: string): readonly string[] | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return Array.isArray(value) && value.every((part) => typeof part === 'string') ? value : undefined;
  } catch {
    return undefined;
  }
}
