import type { Redis } from 'ioredis';
import type { KvHashes } from '../kv.ts';
import { toInteger } from './reply.ts';
import { call, runScript, script } from './script.ts';

/** HINCRBY counts to 2^63, JavaScript exactly to 2^53: beyond that the step is undone and refused. */
const increment = script(`
local sum = redis.call('HINCRBY', KEYS[1], ARGV[1], ARGV[2])
if sum > 9007199254740991 or sum < -9007199254740991 then
  redis.call('HINCRBY', KEYS[1], ARGV[1], ARGV[3])
  return redis.error_reply('OUTOFRANGE the sum is not a safe integer')
end
return string.format('%.0f', sum)
`);

export function redisHashes(client: Redis): KvHashes {
  return {
    async hset(key, fields) {
      await call(client.hset(key, ...Object.entries(fields).flat()));
    },
    hget: async (key, field) => (await call(client.hget(key, field))) ?? undefined,
    // Not an object's keys: a field may be called __proto__.
    async hgetall(key) {
      const flat = await call(client.call('HGETALL', key));
      return toMap(flat);
    },
    hdel: async (key, fields) => await call(client.hdel(key, ...fields)),
    async hincr(key, field, by) {
      return toInteger(await runScript(client, increment, { keys: [key], args: [field, by, -by] }));
    },
  };
}

/** A flat `[field, value, …]` reply → a map. */
export function toMap(flat: unknown): Map<string, string> {
  const fields = new Map<string, string>();
  if (!Array.isArray(flat)) return fields;
  for (let at = 0; at + 1 < flat.length; at += 2) fields.set(String(flat[at]), String(flat[at + 1]));
  return fields;
}
