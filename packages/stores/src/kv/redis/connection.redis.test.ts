import { ServiceError } from '@frameworks/kit/errors';
import { type RunningServer, startRedis } from '@frameworks/servers';
import { systemClock } from '@frameworks/std/system-clock';
import { describeWith, settle, tempDir } from '@frameworks/testkit';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { rejectsWith } from '../../testing/rejects-with.ts';
import { patience } from '../conformance/harness.ts';
import type { Kv } from '../kv.ts';
import { openKv } from '../open.ts';

async function open(url: string): Promise<Kv> {
  const kv = await openKv(url, { cell: 'connection', clock: systemClock });
  onTestFinished(() => kv.close());
  return kv;
}

function openRaw(url: string): Redis {
  const raw = new Redis(url);
  onTestFinished(() => raw.disconnect());
  return raw;
}

/** One call of every kind. */
function calls(kv: Kv): Record<string, () => Promise<unknown>> {
  const [value, hash, lease] = [kv.key('value', 'x'), kv.key('hash', 'x'), kv.key('leader', 'x')];
  const log = kv.changelog('log');
  const signal = patience();
  return {
    get: () => kv.get(value),
    getMany: () => kv.getMany([value]),
    set: () => kv.set(value, '1', { ttlMs: 60_000 }),
    setIfAbsent: () => kv.setIfAbsent(value, '1'),
    compareAndSet: () => kv.compareAndSet(value, { expected: '1', next: '2' }),
    expire: () => kv.expire(value, 60_000),
    ttl: () => kv.ttl(value),
    delete: () => kv.delete(value),
    hset: () => kv.hset(hash, { n: '1' }),
    hget: () => kv.hget(hash, 'n'),
    hgetall: () => kv.hgetall(hash),
    hincr: () => kv.hincr(hash, 'n', 1),
    hdel: () => kv.hdel(hash, ['n']),
    scan: () => kv.scan('value'),
    acquireLease: () => kv.acquireLease(lease, { owner: 'a', ttlMs: 60_000 }),
    renewLease: () => kv.renewLease(lease, { owner: 'a', fence: 1, ttlMs: 60_000 }),
    readLease: () => kv.readLease(lease),
    releaseLease: () => kv.releaseLease(lease, { owner: 'a', fence: 1 }),
    waitUntilFree: () => kv.waitUntilFree(lease, signal),
    append: () => log.append({ entity: 'e', value: '1' }),
    read: () => log.read('0-0', { signal }),
    snapshot: () => log.snapshot(),
    ping: () => kv.ping(),
  };
}

describeWith('redis', 'redis connection', (server) => {
  test('scripts that the server forgot are sent again', async () => {
    const kv = await open(server().url);
    const raw = openRaw(server().url);
    for (const [name, call] of Object.entries(calls(kv))) {
      await raw.script('FLUSH');
      await expect(call(), name).resolves.not.toThrow();
    }
  });

  test('a key that another program wrote is an error of the seam in every operation that looks inside', async () => {
    const kv = await open(server().url);
    const raw = openRaw(server().url);
    const own = ['leader:x', 'fence:leader:x', 'value:x', 'changelog:log', 'changelog-state:log'];
    await raw.flushall();
    for (const name of own) await raw.sadd(`{connection}:${name}`, 'not ours');
    await raw.sadd('{connection}:hash:x', 'not ours');
    for (const [name, call] of Object.entries(calls(kv))) {
      const error = await call().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (error !== undefined) expect(error, name).toBeInstanceOf(ServiceError);
    }
    await raw.flushall();
  });

  test('while redis is away every kind of call says so, and a wait that ended meanwhile leaves no subscription', async () => {
    const dataDir = await tempDir();
    const own = await startRedis({ dataDir });
    const kv = await open(own.url);
    const lease = kv.key('leader', 'x');
    await kv.acquireLease(lease, { owner: 'a', ttlMs: 60_000 });
    const giveUp = new AbortController();
    const waiting = [
      kv.waitUntilFree(lease, giveUp.signal),
      kv.changelog('log').read('0-0', { waitMs: 60_000, signal: giveUp.signal }),
    ];
    const ended = Promise.allSettled(waiting);
    await settle(async () => (await listChannels(own)).length === 2);
    await own.kill();
    await settle(() => rejectsWith('KV_UNAVAILABLE', () => kv.ping()));
    for (const call of Object.values(calls(kv))) await rejectsWith('KV_UNAVAILABLE', call);
    giveUp.abort();
    await ended;
    const again = await startRedis({ dataDir, port: own.port });
    onTestFinished(() => again.stop());
    await settle(() => kv.ping().then(() => true), { timeoutMs: 10_000 });
    // The connection for notices is back when it hears of this release.
    const fence = (await kv.readLease(lease)).highestFence;
    const heard = kv.waitUntilFree(lease, patience());
    await settle(async () => (await listChannels(again)).includes(lease));
    await kv.releaseLease(lease, { owner: 'a', fence });
    await heard;
    await settle(async () => (await listChannels(again)).length === 0);
  });
});

async function listChannels({ url }: RunningServer): Promise<unknown[]> {
  const raw = new Redis(url);
  try {
    return await raw.pubsub('CHANNELS');
  } finally {
    raw.disconnect();
  }
}
