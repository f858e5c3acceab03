import { systemClock } from '@frameworks/std/system-clock';
import { Redis } from 'ioredis';
import type { KvHarness } from '../conformance/harness.ts';
import type { KvOptions } from '../kv.ts';
import { openKv } from '../open.ts';

/** Shortens every time to live by ARGV[1] ms: time travel for a server whose clock is the machine's. */
const advance = `
for _, key in ipairs(redis.call('KEYS', '*')) do
  local left = redis.call('PTTL', key)
  if left >= 0 then
    left = left - tonumber(ARGV[1])
    if left > 0 then redis.call('PEXPIRE', key, left) else redis.call('DEL', key) end
  end
end
`;

export interface RedisHarness extends KvHarness {
  /** A client past the seam, for what only a test does. */
  raw: Redis;
  close(): void;
}

/** The conformance harness for a running Redis; tests of one file share the server, one after another. */
export function redisHarness(url: string, options: Partial<KvOptions> = {}): RedisHarness {
  const raw = new Redis(url);
  return {
    raw,
    open: (cell) => openKv(url, { cell, clock: systemClock, ...options }),
    async advance(ms) {
      await raw.eval(advance, 0, ms);
    },
    async wipe() {
      await raw.flushall();
    },
    close: () => raw.disconnect(),
  };
}
