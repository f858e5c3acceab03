import type { KvAdapter } from '../adapter.ts';
import type { KvHashes } from '../kv.ts';
import { assertName } from '../limits.ts';
import * as check from '../requests.ts';
import type { Door } from './door.ts';

export function guardHashes(door: Door, adapter: KvAdapter): KvHashes {
  return {
    async hset(key, fields) {
      door.admit(key);
      check.checkFields(fields);
      await adapter.hset(key, fields);
    },
    async hget(key, field) {
      door.admit(key);
      assertName(field, 'field');
      return await adapter.hget(key, field);
    },
    async hgetall(key) {
      door.admit(key);
      return await adapter.hgetall(key);
    },
    async hdel(key, fields) {
      door.admit(key);
      check.checkFieldNames(fields);
      return await adapter.hdel(key, fields);
    },
    async hincr(key, field, by) {
      door.admit(key);
      check.checkIncrement(field, by);
      return await adapter.hincr(key, field, by);
    },
  };
}
