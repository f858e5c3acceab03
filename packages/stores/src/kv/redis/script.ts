import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { fromRedis } from './errors.ts';

/** A Lua script: it runs as one atomic step, and Redis undoes nothing, so each checks everything before its first write. */
export interface Script {
  lua: string;
  sha: string;
}

export function script(lua: string): Script {
  return { lua, sha: createHash('sha1').update(lua).digest('hex') };
}

/** Runs a script by its hash; a server that does not know it yet (new, restarted) gets the source. */
export async function runScript(
  client: Redis,
  { lua, sha }: Script,
  { keys, args }: { keys: readonly string[]; args: readonly (string | number)[] },
): Promise<unknown> {
  try {
    return await client.evalsha(sha, keys.length, ...keys, ...args);
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw fromRedis(error);
  }
  try {
    return await client.eval(lua, keys.length, ...keys, ...args);
  } catch (error) {
    throw fromRedis(error);
  }
}

/** Awaits one command and translates its failure. */
export async function call<T>(command: Promise<T>): Promise<T> {
  try {
    return await command;
  } catch (error) {
    throw fromRedis(error);
  }
}
