import type { Clock } from '@frameworks/std/clock';
import type { Redis } from 'ioredis';
import { fenceKeyOf, type KvKey, unsettledKeyOf } from '../key.ts';
import type { KvLeases, LeaseView } from '../lease.ts';
import { fenceTtlOf, limits } from '../limits.ts';
import type { Listen } from '../watch.ts';
import { watch } from '../watch.ts';
import { toArray, toInteger, toText } from './reply.ts';
import { runScript, script } from './script.ts';

/**
 * KEYS: lease, fence, unsettled. ARGV: owner, ttl, highest fence seen, ttl of the fence.
 * A server that started less than one time to live ago may have lost its last writes (appendfsync everysec), among them a
 * grant of this lease whose owner still acts; one without a fence may have lost all of them.
 */
const acquire = script(`
local owner = redis.call('GET', KEYS[1])
local known = redis.call('GET', KEYS[2])
local stored = tonumber(known or '0')
local highest = math.max(stored, tonumber(ARGV[3]))
if owner then
  if highest > stored then redis.call('SET', KEYS[2], string.format('%.0f', highest), 'PX', ARGV[4]) end
  return {0, string.format('%.0f', highest), owner, redis.call('PTTL', KEYS[1])}
end
local fence = string.format('%.0f', highest + 1)
redis.call('SET', KEYS[2], fence, 'PX', ARGV[4])
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
local uptime = tonumber(string.match(redis.call('INFO', 'server'), 'uptime_in_seconds:(%d+)') or '0')
local young = uptime * 1000 <= tonumber(ARGV[2]) + 1000
if not known or young then redis.call('SET', KEYS[3], '', 'PX', ARGV[2]) end
return {1, fence, redis.call('EXISTS', KEYS[3])}
`);

/** KEYS: lease, fence. ARGV: owner, fence, ttl, ttl of the fence. */
const renew = script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] or redis.call('GET', KEYS[2]) ~= ARGV[2] then return 0 end
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return redis.call('PEXPIRE', KEYS[1], ARGV[3])
`);

/** KEYS: lease, fence. ARGV: owner, fence. The notice goes out on a channel named like the key. */
const release = script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] or redis.call('GET', KEYS[2]) ~= ARGV[2] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', KEYS[1], 'released')
return 1
`);

const read = script(`
return {redis.call('GET', KEYS[2]) or '0', redis.call('PTTL', KEYS[1]), redis.call('GET', KEYS[1])}
`);

export function redisLeases(client: Redis, { listen, clock }: { listen: Listen; clock: Clock }): KvLeases {
  const readLease = async (key: KvKey): Promise<LeaseView> => {
    const [fence, remaining, owner] = toArray(await runScript(client, read, { keys: keysOf(key), args: [] }));
    // A nil at the end of a script's table is cut off or null.
    const held = typeof owner === 'string' ? owner : undefined;
    return { owner: held, highestFence: toInteger(fence), remainingMs: toRemaining(toInteger(remaining)) };
  };
  return {
    readLease,
    async acquireLease(key, { owner, ttlMs, highestSeenFence = 0 }) {
      const args = [owner, ttlMs, highestSeenFence, fenceTtlOf(ttlMs)];
      const reply = toArray(await runScript(client, acquire, { keys: [...keysOf(key), unsettledKeyOf(key)], args }));
      const fence = toInteger(reply[1]);
      if (reply[0] === 1) return { acquired: true, fence, mayHaveForgotten: reply[2] === 1 };
      return {
        acquired: false,
        owner: toText(reply[2]),
        highestFence: fence,
        remainingMs: toRemaining(toInteger(reply[3])),
      };
    },
    async renewLease(key, { owner, fence, ttlMs }) {
      const args = [owner, fence, ttlMs, fenceTtlOf(ttlMs)];
      return (await runScript(client, renew, { keys: keysOf(key), args })) === 1;
    },
    async releaseLease(key, { owner, fence }) {
      return (await runScript(client, release, { keys: keysOf(key), args: [owner, fence] })) === 1;
    },
    async waitUntilFree(key, signal) {
      const look = async (): Promise<{ found: true } | { againInMs: number }> => {
        const { owner, remainingMs } = await readLease(key);
        return owner === undefined ? { found: true } : { againInMs: Math.min(remainingMs + 1, limits.pollMs) };
      };
      await watch({ name: key, look, listen, clock, signal });
    },
  };
}

function keysOf(key: KvKey): string[] {
  return [key, fenceKeyOf(key)];
}

/** PTTL: -2 absent, -1 no time to live (somebody else wrote the key). */
function toRemaining(pttl: number): number {
  if (pttl === -1) return Number.MAX_SAFE_INTEGER;
  return Math.max(0, pttl);
}
