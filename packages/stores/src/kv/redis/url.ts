import { invalid } from '../limits.ts';

export interface RedisAddress {
  host: string;
  port: number;
  username: string | undefined;
  password: string | undefined;
  db: number;
}

/** `redis://[[user]:password@]host[:port][/db]` → its parts. Throws INVALID_ARGUMENT `KV_INVALID_URL`, never quoting the URL: it may hold a password. */
export function parseRedisUrl(url: string): RedisAddress {
  const parsed = URL.parse(url);
  if (parsed === null || parsed.protocol !== 'redis:')
    throw invalidUrl('is not of the form redis://[:password@]host[:port][/db]');
  if (parsed.hostname === '') throw invalidUrl('names no host');
  if (parsed.search !== '' || parsed.hash !== '') throw invalidUrl('has parameters, which are not understood');
  const db = parsed.pathname.replace(/^\//, '');
  if (!/^\d{0,5}$/.test(db)) throw invalidUrl('has a database that is not a number');
  return {
    // URL keeps the brackets of an IPv6 address; sockets want none.
    host: parsed.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: parsed.port === '' ? 6379 : Number(parsed.port),
    username: decode(parsed.username),
    password: decode(parsed.password),
    db: Number(db),
  };
}

function decode(part: string): string | undefined {
  if (part === '') return undefined;
  try {
    return decodeURIComponent(part);
  } catch {
    throw invalidUrl('has a user or password that is not percent-encoded correctly');
  }
}

function invalidUrl(what: string): Error {
  return invalid('KV_INVALID_URL', `the redis URL ${what}`);
}
