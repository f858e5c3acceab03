import type { Clock } from '@frameworks/std/clock';
import type { Redis } from 'ioredis';
import type { AppendAnswer, Change, Changelog, ChangelogEntry, ReadAnswer } from '../changelog.ts';
import { startPosition } from '../changelog.ts';
import { buildReservedKey, fenceKeyOf } from '../key.ts';
import { limits } from '../limits.ts';
import { newNonce } from '../position.ts';
import type { Look } from '../watch.ts';
import { type Listen, watch } from '../watch.ts';
import { fromRedis } from './errors.ts';
import { toMap } from './hashes.ts';
import { toArray, toInteger, toText } from './reply.ts';
import { call, runScript, script } from './script.ts';

/**
 * KEYS: stream, state, guard's fence (or the stream again). ARGV: entity, 'set' | 'delete', value, expected version or '',
 * nonce, maximum of entries, maximum of entities, guard's fence or ''. The state is a hash entity → '<version>:<value>'.
 */
const append = script(`
if ARGV[8] ~= '' then
  local highest = redis.call('GET', KEYS[3]) or '0'
  if highest ~= ARGV[8] then return {'fenced', highest} end
end
local state = redis.call('HGET', KEYS[2], ARGV[1])
local version = state and string.match(state, '^(%d+):') or '0'
if ARGV[4] ~= '' and ARGV[4] ~= version then return {'conflict', version} end
if not state then
  if ARGV[2] == 'delete' then return {'unchanged'} end
  if redis.call('HLEN', KEYS[2]) >= tonumber(ARGV[7]) then
    return redis.error_reply('KVFULL the changelog holds its maximum of entities')
  end
end
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local next = string.format('%.0f', (last and tonumber(string.match(last[1], '^(%d+)')) or 0) + 1)
local id = next .. '-' .. ARGV[5]
redis.call('XADD', KEYS[1], 'MAXLEN', '=', ARGV[6], id, 'entity', ARGV[1], 'op', ARGV[2], 'value', ARGV[3])
if ARGV[2] == 'delete' then redis.call('HDEL', KEYS[2], ARGV[1])
else redis.call('HSET', KEYS[2], ARGV[1], next .. ':' .. ARGV[3]) end
redis.call('PUBLISH', KEYS[1], id)
return {'appended', next, id}
`);

/** KEYS: stream. ARGV: position, limit. The entry at the position must still be there to prove that none after it is missing. */
const read = script(`
if ARGV[1] == '0-0' then
  local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
  if first and not string.match(first[1], '^1%-') then return {'truncated'} end
elseif #redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1]) == 0 then
  return {'truncated'}
end
return {'ok', redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], '+', 'COUNT', ARGV[2])}
`);

interface Waiting {
  listen: Listen;
  clock: Clock;
}

export function redisChangelog(
  client: Redis,
  name: { cell: string; id: string; maxEntries: number },
  { listen, clock }: Waiting,
): Changelog {
  const stream = buildReservedKey({ cell: name.cell, id: name.id, noun: 'changelog' });
  const state = buildReservedKey({ cell: name.cell, id: name.id, noun: 'changelog-state' });
  const readAfter = async (position: string, limit: number): Promise<ReadAnswer> => {
    const reply = toArray(await runScript(client, read, { keys: [stream], args: [position, limit] }));
    if (reply[0] === 'truncated') return { status: 'truncated' };
    const entries = toArray(reply[1]).map(toEntry);
    return { status: 'ok', entries, position: entries.at(-1)?.position ?? position };
  };
  return {
    async append(change) {
      const guardKey = change.guard === undefined ? stream : fenceKeyOf(change.guard.lease);
      const keys = [stream, state, guardKey];
      return toAnswer(await runScript(client, append, { keys, args: appendArgs(change, name.maxEntries) }));
    },
    async snapshot() {
      // MULTI rather than a script: the reply of a large hash then needs no detour through Lua.
      const batch = client.multi().xrevrange(stream, '+', '-', 'COUNT', 1).call('HGETALL', state);
      const [last, all] = toArray(await call(batch.exec())).map(toResult);
      const newest = toArray(last)[0];
      const position = newest === undefined ? startPosition : toText(toArray(newest)[0]);
      return { position, entities: [...toMap(all)].map(([entity, text]) => ({ entity, ...parseState(text) })) };
    },
    async read(position, { limit = 500, waitMs = 0, signal }) {
      const untilMs = clock.monotonic() + waitMs;
      const look = async (): Promise<Look<ReadAnswer>> => {
        const answer = await readAfter(position, limit);
        const leftMs = untilMs - clock.monotonic();
        if (answer.status === 'truncated' || answer.entries.length > 0 || leftMs <= 0) return { found: answer };
        return { againInMs: Math.min(leftMs, limits.pollMs) };
      };
      return await watch({ name: stream, look, listen, clock, signal });
    },
  };
}

function appendArgs(change: Change, maxEntries: number): (string | number)[] {
  const { entity, value, expectedVersion, guard } = change;
  const [op, text] = value === undefined ? ['delete', ''] : ['set', value];
  const bounds = [maxEntries, limits.maxChangelogEntities];
  return [entity, op, text, expectedVersion ?? '', newNonce(), ...bounds, guard?.fence ?? ''];
}

function toAnswer(reply: unknown): AppendAnswer {
  const [status, number, position] = toArray(reply);
  if (status === 'unchanged') return { status };
  if (status === 'fenced') return { status, highestFence: toInteger(number) };
  if (status === 'conflict') return { status, version: toInteger(number) };
  return { status: 'appended', version: toInteger(number), position: toText(position) };
}

function toEntry(reply: unknown): ChangelogEntry {
  const [id, fields] = toArray(reply);
  const position = toText(id);
  const named = toMap(fields);
  const value = named.get('op') === 'delete' ? undefined : named.get('value');
  return { position, entity: toText(named.get('entity')), version: Number.parseInt(position, 10), value };
}

function parseState(text: string): { version: number; value: string } {
  const colon = text.indexOf(':');
  return { version: toInteger(text.slice(0, colon)), value: text.slice(colon + 1) };
}

/** One `[error, result]` of a transaction. */
function toResult(pair: unknown): unknown {
  const [error, result] = toArray(pair);
  if (error !== null && error !== undefined) throw fromRedis(error);
  return result;
}
