import { ServiceError } from '@frameworks/kit/errors';
import pg from 'pg';

const oids = { int8: 20, date: 1082, timestamp: 1114, int8Array: 1016 } as const;

/**
 * How column values become JavaScript values, where the driver's own choice would surprise:
 * - `bigint` (also what `count` and `sum(int)` give) → `number`; beyond ±2^53 − 1 the query fails with OUT_OF_RANGE
 *   `INTEGER_TOO_LARGE` rather than round. Counters, bytes and milliseconds fit for centuries; anything else is `numeric`.
 * - `numeric` → decimal string, exact (the driver's choice): money never passes through a float.
 * - `timestamptz` → `Date` (the driver's choice). `timestamp` → `Date`, read as UTC whatever zone this process is in.
 * - `date` → `YYYY-MM-DD`: a day has no instant.
 */
export const sqlTypes: pg.CustomTypesConfig = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    const parse = format === 'binary' ? undefined : parsers.get(oid);
    return parse ?? pg.types.getTypeParser(oid, format ?? 'text');
  },
} as pg.CustomTypesConfig; // its type has an overload per format, which one function cannot state

const parsers = new Map<number, (text: string) => unknown>([
  [oids.int8, parseInt8],
  [oids.date, (text) => text],
  [oids.timestamp, (text) => new Date(`${text.replace(' ', 'T')}Z`)],
  [oids.int8Array, parseInt8Array],
]);

function parseInt8(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value)) return value;
  const message = `a bigint of the database is too large for a number: ${text}`;
  throw new ServiceError('OUT_OF_RANGE', 'INTEGER_TOO_LARGE', { message });
}

/** One dimension: `{1,NULL,3}`. */
function parseInt8Array(text: string): (number | null)[] {
  const inner = text.slice(1, -1);
  return inner === '' ? [] : inner.split(',').map((item) => (item === 'NULL' ? null : parseInt8(item)));
}
