import { guardKv } from './guard.ts';
import type { Kv, KvOptions } from './kv.ts';
import { assertOptions, invalid } from './limits.ts';
import { openMemoryKv } from './memory/memory.ts';
import { openRedisKv } from './redis/redis.ts';
import { parseRedisUrl } from './redis/url.ts';

/**
 * Opens the kv of a cell.
 *
 * @param url `memory:<name>`: in this process, shared by everyone who opens the same name (`memory:` is shared with nobody).
 *   `redis://[:password@]host[:port][/db]`: Redis or Valkey, version 7 or newer, port 6379 and database 0 unless given.
 * @throws INVALID_ARGUMENT `KV_INVALID_URL` (the message never holds a password), UNAVAILABLE `KV_UNAVAILABLE`,
 *   UNAUTHENTICATED `KV_AUTH`, FAILED_PRECONDITION `KV_TOO_OLD`.
 */
export async function openKv(url: string, options: KvOptions): Promise<Kv> {
  assertOptions(options);
  const scheme = /^[a-z]+:/.exec(url)?.[0];
  if (scheme === 'memory:') return guardKv(options.cell, openMemoryKv(url.slice(scheme.length), options));
  if (scheme === 'redis:') return guardKv(options.cell, await openRedisKv(parseRedisUrl(url), options));
  throw invalid('KV_INVALID_URL', 'a kv URL begins with memory: or redis:');
}
