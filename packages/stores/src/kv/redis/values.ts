import type { Redis } from 'ioredis';
import type { KvValues } from '../kv.ts';
import { call, runScript, script } from './script.ts';

/** ARGV: 'absent' | 'value', expected, 'delete' | 'set', next, ttl in ms or 0. */
const compareAndSet = script(`
local current = redis.call('GET', KEYS[1])
if ARGV[1] == 'absent' then
  if current then return 0 end
elseif current ~= ARGV[2] then
  return 0
end
if ARGV[3] == 'delete' then redis.call('DEL', KEYS[1])
elseif ARGV[5] == '0' then redis.call('SET', KEYS[1], ARGV[4])
else redis.call('SET', KEYS[1], ARGV[4], 'PX', ARGV[5]) end
return 1
`);

export function redisValues(client: Redis): KvValues {
  return {
    get: async (key) => (await call(client.get(key))) ?? undefined,
    getMany: async (keys) => (await call(client.mget([...keys]))).map((value) => value ?? undefined),
    async set(key, value, options) {
      if (options?.ttlMs === undefined) await call(client.set(key, value));
      else await call(client.set(key, value, 'PX', options.ttlMs));
    },
    async setIfAbsent(key, value, options) {
      const ttlMs = options?.ttlMs;
      const reply = ttlMs === undefined ? client.set(key, value, 'NX') : client.set(key, value, 'PX', ttlMs, 'NX');
      return (await call(reply)) === 'OK';
    },
    async compareAndSet(key, { expected, next, ttlMs }) {
      const args = [
        ...(expected === undefined ? ['absent', ''] : ['value', expected]),
        ...(next === undefined ? ['delete', ''] : ['set', next]),
        ttlMs ?? 0,
      ];
      return (await runScript(client, compareAndSet, { keys: [key], args })) === 1;
    },
    delete: async (key) => (await call(client.del(key))) === 1,
    expire: async (key, ttlMs) => (await call(client.pexpire(key, ttlMs))) === 1,
    async ttl(key) {
      const reply = await call(client.pttl(key));
      // Redis: -2 absent, -1 without a time to live.
      if (reply === -2) return undefined;
      return reply === -1 ? null : reply;
    },
  };
}
