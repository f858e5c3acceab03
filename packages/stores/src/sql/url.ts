import { ServiceError } from '@frameworks/kit/errors';

/** Checks a database URL and gives it back. The messages never hold the URL, because it may hold a password. */
export function parseSqlUrl(url: string): URL {
  if (!URL.canParse(url)) throw badUrl('is not a URL');
  const parsed = new URL(url);
  if (parsed.protocol !== 'postgres:' && parsed.protocol !== 'postgresql:') {
    throw badUrl(`begins with ${parsed.protocol} instead of postgres:`);
  }
  if (parsed.hostname === '') throw badUrl('has no host');
  if (parsed.pathname.length < 2) throw badUrl('has no database name after the host');
  return parsed;
}

/** Names that need no quoting: they also go into settings and messages. */
export function assertSchemaName(schema: string): void {
  if (/^[a-z][a-z0-9_]{0,62}$/.test(schema) && !schema.startsWith('pg_')) return;
  const message = `not a schema name: ${schema} (lower-case letters, digits and _, at most 63)`;
  throw new ServiceError('INVALID_ARGUMENT', 'BAD_SCHEMA_NAME', { message });
}

function badUrl(what: string): ServiceError {
  const message = `the database URL ${what}; expected postgres://user:password@host:port/database`;
  return new ServiceError('INVALID_ARGUMENT', 'BAD_DATABASE_URL', { message });
}
