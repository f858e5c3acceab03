import type { KvAdapter } from '../adapter.ts';
import type { KvOptions } from '../kv.ts';
import { defaultCallTimeoutMs } from '../limits.ts';
import { redisChangelog } from './changelog.ts';
import { connect, createClient, disconnect } from './connection.ts';
import { redisHashes } from './hashes.ts';
import { redisLeases } from './leases.ts';
import { subscribeNotices } from './notices.ts';
import { redisScan } from './scan.ts';
import { call } from './script.ts';
import type { RedisAddress } from './url.ts';
import { redisValues } from './values.ts';

/** The adapter behind `redis://`: one connection for commands, one for notices. */
export async function openRedisKv(address: RedisAddress, options: KvOptions): Promise<KvAdapter> {
  const { cell, clock, log, callTimeoutMs = defaultCallTimeoutMs } = options;
  const client = createClient(address, { callTimeoutMs, log, name: `kv-${cell}` });
  await connect(client);
  const subscriber = createClient(address, { callTimeoutMs, log, name: `kv-${cell}-notices` });
  try {
    await connect(subscriber);
  } catch (error) {
    disconnect(client);
    throw error;
  }
  const waiting = { listen: subscribeNotices(subscriber).listen, clock };
  return {
    ...redisValues(client),
    ...redisHashes(client),
    ...redisLeases(client, waiting),
    scan: (request) => redisScan(client, cell, request),
    changelog: (name, { maxEntries }) => redisChangelog(client, { cell, id: name, maxEntries }, waiting),
    async ping() {
      await call(client.ping());
    },
    async close() {
      disconnect(client);
      disconnect(subscriber);
    },
  };
}
