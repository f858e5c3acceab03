import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describeNeeding, expectNoProcessLeft, tempDir } from '@frameworks/testkit';
import { expect, it, onTestFinished } from 'vitest';
import type { RunningServer } from './launch.ts';
import { startNats } from './nats.ts';
import { askLoopback } from './probe.ts';
import { startRedis } from './redis.ts';

function untilTestEnds(server: RunningServer): RunningServer {
  onTestFinished(async () => {
    await server.stop();
    await expectNoProcessLeft(server.dataDir);
  });
  return server;
}

/** Sends lines after the log-in and gives what comes back until `last` is in it. */
function ask(server: RunningServer, lines: readonly string[], last: string): Promise<string> {
  const { password, protocol } = new URL(server.url);
  const login =
    protocol === 'redis:'
      ? `AUTH ${password}`
      : `CONNECT ${JSON.stringify({ user: 'frameworks', pass: password, verbose: false })}`;
  const text = [login, ...lines, ''].join('\r\n');
  return askLoopback(server.port, Buffer.from(text), { enough: (answer) => answer.includes(last), timeoutMs: 5000 });
}

/** A request of JetStream and its answer. */
function askJetStream(server: RunningServer, subject: string, body = ''): Promise<string> {
  const lines = ['SUB inbox 1', `PUB $JS.API.${subject} inbox ${body.length}`, body];
  return ask(server, lines, '"type"');
}

describeNeeding('redis', 'Redis', () => {
  it.each(['stop', 'kill'] as const)('has its data after %s and another start', async (end) => {
    const dataDir = join(await tempDir(), 'a place with spaces');
    const first = untilTestEnds(await startRedis({ dataDir, appendFsync: 'always' }));
    expect(await ask(first, ['SET colour blue', 'PING'], 'PONG')).toContain('+OK\r\n+OK');
    await first[end]();
    const second = untilTestEnds(await startRedis({ dataDir }));
    expect(await ask(second, ['GET colour', 'PING'], 'PONG')).toContain('blue');
    expect((await stat(join(dataDir, 'redis.conf'))).mode & 0o077).toBe(0);
  });

  it('refuses a directory and a port in use, and says what to do', async () => {
    const dataDir = await tempDir();
    const { port } = untilTestEnds(await startRedis({ dataDir }));
    const stop = /stop .*, or choose another (?:data directory|port)\.$/;
    const inUse = { reason: 'DATA_DIR_IN_USE', message: expect.stringMatching(stop) };
    await expect(startRedis({ dataDir })).rejects.toMatchObject(inUse);
    const taken = { reason: 'PORT_IN_USE', message: expect.stringMatching(stop) };
    await expect(startRedis({ dataDir: await tempDir(), port })).rejects.toMatchObject(taken);
  });
});

describeNeeding('nats', 'NATS', () => {
  it.each(['stop', 'kill'] as const)('has its streams after %s and another start', async (end) => {
    const dataDir = join(await tempDir(), 'a place with spaces');
    const first = untilTestEnds(await startNats({ dataDir }));
    const config = JSON.stringify({ name: 'S', subjects: ['s.>'] });
    expect(await askJetStream(first, 'STREAM.CREATE.S', config)).toContain('stream_create_response');
    await first[end]();
    const second = untilTestEnds(await startNats({ dataDir }));
    const answer = await askJetStream(second, 'STREAM.INFO.S');
    expect(answer).toContain('"subjects":["s.');
  });
});
