import { ServiceError } from '@frameworks/kit/errors';
import type { Clock } from '@frameworks/std/clock';
import type { KvKey } from './key.ts';
import { LeaderElection } from './leader.ts';
import type { KvLeases } from './lease.ts';

/** How the kv looks to one contender: there, gone, or the worst kind: it acts on a call and the answer is lost. */
export type Link = 'up' | 'down' | 'answers-lost';

export interface ContenderOptions {
  key: KvKey;
  owner: string;
  ttlMs: number;
  clock: Clock;
  /** How fast its time runs; 1 is the clock's. */
  rate: number;
  /** Counts how often the store lost everything. */
  life?: () => number;
}

/** One contender in a process of its own: with its own pace of time, which can be paused, and its own link to the kv. */
export class Contender {
  readonly election: LeaderElection;
  link: Link = 'up';
  /** Fence → in which life of the store it was granted. */
  readonly grants = new Map<number, number>();
  #gate: Promise<void> | undefined;
  #open: (() => void) | undefined;

  constructor(kv: KvLeases, options: ContenderOptions) {
    const { rate, life = () => 0, ...rest } = options;
    const clock = this.#paced(options.clock, rate);
    this.election = new LeaderElection({ ...rest, clock, kv: this.#linked(kv, life) });
  }

  /** The process stands still: no timer fires, no answer arrives. Time goes on. */
  pause(): void {
    if (this.#gate !== undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    [this.#gate, this.#open] = [promise, resolve];
  }

  resume(): void {
    this.#open?.();
    this.#gate = undefined;
  }

  #paced(base: Clock, rate: number): Clock {
    return {
      now: () => base.now(),
      monotonic: () => base.monotonic() * rate,
      sleep: async (ms, signal) => {
        await base.sleep(ms / rate, signal);
        await this.#gate;
      },
    };
  }

  #linked(kv: KvLeases, life: () => number): KvLeases {
    const through = async <T>(call: () => Promise<T>): Promise<T> => {
      if (this.link === 'down') throw away();
      const answer = await call();
      await this.#gate;
      // Compared anew: the link may have gone down meanwhile.
      if ((this.link as Link) !== 'up') throw away();
      return answer;
    };
    return {
      acquireLease: (key, request) =>
        through(async () => {
          // The memory kv grants before its promise resolves.
          const grantedIn = life();
          const answer = await kv.acquireLease(key, request);
          if (answer.acquired) this.grants.set(answer.fence, grantedIn);
          return answer;
        }),
      renewLease: (key, renewal) => through(() => kv.renewLease(key, renewal)),
      releaseLease: (key, hold) => through(() => kv.releaseLease(key, hold)),
      readLease: (key) => through(() => kv.readLease(key)),
      waitUntilFree: (key, signal) => through(() => kv.waitUntilFree(key, signal)),
    };
  }
}

function away(): ServiceError {
  return new ServiceError('UNAVAILABLE', 'KV_UNAVAILABLE', { message: 'simulated: the kv is away' });
}
