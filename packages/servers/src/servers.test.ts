import { tempDir } from '@frameworks/testkit';
import { expect, it } from 'vitest';
import { startNats } from './nats.ts';
import { startPostgres } from './postgres/start.ts';
import { startRedis } from './redis.ts';

it.each([
  ['Redis', startRedis, /^redis-server 7 or later was not found; install Redis/],
  ['NATS', startNats, /^nats-server 2.9 or later was not found; install it/],
])('says that %s is not installed, and what to do', async (_name, start, message) => {
  const options = { dataDir: await tempDir(), searchPath: '/nowhere' };
  await expect(start(options)).rejects.toMatchObject({
    reason: 'PROGRAM_MISSING',
    message: expect.stringMatching(message),
  });
});

it('refuses a data directory that cannot be one', async () => {
  const options = { dataDir: '/dev/null/pg', binaries: 'embedded' } as const;
  await expect(startPostgres(options)).rejects.toMatchObject({ reason: 'DATA_DIR_UNREADABLE' });
});
