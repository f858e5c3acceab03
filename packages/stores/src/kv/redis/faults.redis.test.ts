import { startRedis } from '@frameworks/servers';
import { systemClock } from '@frameworks/std/system-clock';
import { describeWith, settle, tempDir } from '@frameworks/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { rejectsWith } from '../../testing/rejects-with.ts';
import type { Kv, KvOptions } from '../kv.ts';
import { openKv } from '../open.ts';
import { assertVersion } from './connection.ts';
import { fromRedis } from './errors.ts';
import { parseRedisUrl } from './url.ts';

async function open(url: string, options: Partial<KvOptions> = {}): Promise<Kv> {
  const kv = await openKv(url, { cell: 'faults', clock: systemClock, ...options });
  onTestFinished(() => kv.close());
  return kv;
}

test('a redis URL is taken apart, and a wrong one refused without quoting it', async () => {
  expect(parseRedisUrl('redis://:p%40ss@[::1]:7000/3')).toEqual({
    host: '::1',
    port: 7000,
    username: undefined,
    password: 'p@ss',
    db: 3,
  });
  expect(parseRedisUrl('redis://h')).toEqual({
    host: 'h',
    port: 6379,
    username: undefined,
    password: undefined,
    db: 0,
  });
  const error = await rejectsWith('KV_INVALID_URL', async () => parseRedisUrl('redis://:secret@h/zero'));
  expect(error.message).not.toContain('secret');
});

test.each([
  ['redis_version:6.2.14\r\n', false],
  ['no version at all', false],
  ['# Server\r\nredis_version:7.0.15\r\n', true],
  ['redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.0\r\n', true],
])('the server information %j is new enough: %s', (info, isFine) => {
  if (isFine) expect(() => assertVersion(info)).not.toThrow();
  else expect(() => assertVersion(info)).toThrow(/version 7 or newer is needed/);
});

test.each([
  ['LOADING Redis is loading the dataset in memory', 'KV_UNAVAILABLE', true],
  ['READONLY You can’t write against a read only replica.', 'KV_UNAVAILABLE', true],
  ['MISCONF Redis is configured to save RDB snapshots', 'KV_UNAVAILABLE', true],
  ['OOM command not allowed when used memory > maxmemory', 'KV_FULL', false],
  ['WRONGPASS invalid username-password pair', 'KV_AUTH', false],
  ['NOAUTH Authentication required.', 'KV_AUTH', false],
  ['ERR something nobody foresaw', 'KV_REPLY', false],
])('the reply %j becomes %s', (message, reason, retryable) => {
  const error = fromRedis(Object.assign(new Error(message), { name: 'ReplyError' }));
  expect(error).toMatchObject({ reason, retryable });
});

test('opening where nothing listens fails as unavailable, soon', async () => {
  const error = await rejectsWith('KV_UNAVAILABLE', () => open('redis://127.0.0.1:1'));
  expect(error).toMatchObject({ code: 'UNAVAILABLE', retryable: true });
});

describeWith('redis', 'redis faults', (server) => {
  test('a wrong password is refused by name and never quoted', async () => {
    const url = new URL(server().url);
    url.password = 'wrong-password';
    const error = await rejectsWith('KV_AUTH', () => open(url.href));
    expect(error.message).not.toContain('wrong-password');
  });

  test('a server that hangs: calls end at their deadline, and work again after', async () => {
    const kv = await open(server().url, { callTimeoutMs: 200 });
    process.kill(server().pid, 'SIGSTOP');
    try {
      const startMs = performance.now();
      const error = await rejectsWith('KV_DEADLINE', () => kv.get(kv.key('thing', 'x')));
      expect(error).toMatchObject({ code: 'DEADLINE_EXCEEDED', retryable: true });
      expect(performance.now() - startMs).toBeLessThan(1000);
    } finally {
      process.kill(server().pid, 'SIGCONT');
    }
    await settle(() => kv.ping().then(() => true), { timeoutMs: 5000 });
  });

  test('a log line for the connection lost, one for it regained, however long it takes', async () => {
    const dataDir = await tempDir();
    const own = await startRedis({ dataDir });
    const lines: string[] = [];
    const log = {
      info: (_: object, message: string) => lines.push(message),
      warn: (_: object, message: string) => lines.push(message),
    };
    const kv = await open(own.url, { log });
    await own.kill();
    await settle(() => lines.length >= 2);
    await rejectsWith('KV_UNAVAILABLE', () => kv.ping());
    const again = await startRedis({ dataDir, port: own.port });
    onTestFinished(() => again.stop());
    await settle(() => kv.ping().then(() => true), { timeoutMs: 10_000 });
    await settle(() => lines.length >= 4);
    // Two connections, two lines each.
    expect(lines.sort()).toEqual([...Array(2).fill('kv connection lost'), ...Array(2).fill('kv connection restored')]);
  });

  test('while redis is away every call fails at once; nothing queues, nothing is sent twice', {
    timeout: 60_000,
  }, async () => {
    const dataDir = await tempDir();
    const own = await startRedis({ dataDir, appendFsync: 'always' });
    const kv = await open(own.url);
    const key = kv.key('counter', 'x');
    const lease = await kv.acquireLease(kv.key('leader', 'x'), { owner: 'a', ttlMs: 60_000 });
    await kv.hincr(key, 'n', 1);
    await own.kill();
    await settle(() =>
      kv.ping().then(
        () => false,
        (error) => error.reason === 'KV_UNAVAILABLE',
      ),
    );
    const startMs = performance.now();
    const calls = Array.from({ length: 1000 }, () => rejectsWith('KV_UNAVAILABLE', () => kv.hincr(key, 'n', 1)));
    for (const error of await Promise.all(calls)) expect(error.retryable).toBe(true);
    expect(performance.now() - startMs).toBeLessThan(1000);
    const again = await startRedis({ dataDir, port: own.port, appendFsync: 'always' });
    onTestFinished(() => again.stop());
    await settle(() => kv.ping().then(() => true), { timeoutMs: 10_000 });
    expect(await kv.hget(key, 'n')).toBe('1');
    // A lease outlives the server's crash, and its fence too.
    expect(
      lease.acquired && (await kv.renewLease(kv.key('leader', 'x'), { owner: 'a', fence: lease.fence, ttlMs: 60_000 })),
    ).toBe(true);
  });

  test('with appendfsync always, acknowledged writes survive kill −9 of redis', { timeout: 60_000 }, async () => {
    const dataDir = await tempDir();
    const acknowledged = new Map<string, number>();
    let version = 0;
    let port: number | undefined;
    for (let round = 0; round < 3; round++) {
      const own = await startRedis({ dataDir, appendFsync: 'always', ...(port === undefined ? {} : { port }) });
      port = own.port;
      const kv = await openKv(own.url, { cell: 'faults', clock: systemClock });
      for (const [id, n] of acknowledged)
        expect(await kv.hget(kv.key('crash', id), 'n')).toSatisfy((text) => Number(text) >= n);
      const log = kv.changelog('crash');
      expect((await log.snapshot()).entities.every((entity) => entity.version <= version + 8)).toBe(true);
      expect(Number((await log.snapshot()).position.split('-')[0])).toBeGreaterThanOrEqual(version);
      const writers = Array.from({ length: 8 }, (_, n) =>
        writeUntilFailure(kv, `w${n}`, (id, count, written) => {
          acknowledged.set(id, count);
          version = Math.max(version, written);
        }),
      );
      await settle(() => version > (round + 1) * 100, { timeoutMs: 10_000 });
      await own.kill();
      await Promise.all(writers);
      await kv.close();
    }
  });
});

type Acknowledge = (id: string, count: number, version: number) => void;

async function writeUntilFailure(kv: Kv, id: string, acknowledge: Acknowledge): Promise<void> {
  const log = kv.changelog('crash');
  try {
    for (;;) {
      const count = await kv.hincr(kv.key('crash', id), 'n', 1);
      const answer = await log.append({ entity: id, value: String(count) });
      acknowledge(id, count, answer.status === 'appended' ? answer.version : 0);
    }
  } catch {
    // The server was killed.
  }
}
