import { childController } from '@frameworks/std/abort';
import type { Clock } from '@frameworks/std/clock';
import type { KvKey } from './key.ts';
import type { KvLeases } from './lease.ts';

interface Renewer {
  kv: KvLeases;
  key: KvKey;
  owner: string;
  ttlMs: number;
  clock: Clock;
}

/** A renewal that gives up when the lease's time does: an answer after that is worth nothing. Rejects with the kv's error, or with `signal.reason`. */
export async function renewWithin(
  { kv, key, owner, ttlMs, clock }: Renewer,
  { fence, withinMs, signal }: { fence: number; withinMs: number; signal: AbortSignal },
): Promise<'renewed' | 'refused' | 'too-late'> {
  using wait = childController(signal);
  const timeUp = clock.sleep(withinMs, wait.signal).then(() => 'too-late' as const);
  const renewal = kv.renewLease(key, { owner, fence, ttlMs }).then((isOurs) => (isOurs ? 'renewed' : 'refused'));
  // Whichever loses the race fails unheard.
  for (const loser of [timeUp, renewal]) loser.catch(() => {});
  try {
    return await Promise.race([renewal, timeUp]);
  } finally {
    wait.abort();
  }
}
