import { ListenerKind } from '@frameworks/contracts/frameworks/common/v1/endpoint_pb';
import { FakeClock } from '@frameworks/std';
import { beforeEach, describe, expect, it } from 'vitest';
import { ServiceError } from './errors.ts';
import { createSilentLogger } from './log.ts';
import { type Loop, runLoop } from './loop.ts';
import { createRegistration, type Registration } from './registration.ts';
import type { RpcChannel } from './rpc/client.ts';

const renewAfterMs = 5_000;
const unavailable = new ServiceError('UNAVAILABLE', 'UNAVAILABLE', { message: 'away' });
const unknown = new ServiceError('NOT_FOUND', 'INSTANCE_UNKNOWN', { message: 'never heard of it' });

/** Quartermaster as seen by one instance: what it was told, and what it answers next. */
class Registry {
  readonly told: string[] = [];
  failure: ServiceError | undefined;

  readonly channel: RpcChannel = {
    // `as`: only the instance registry is asked for, and these are its methods.
    client: () =>
      ({
        registerInstance: async () => {
          this.#hear('register');
          return { instance: { clusterId: 'control' }, renewAfterMs: BigInt(renewAfterMs) };
        },
        renewInstance: async ({ ready }: { ready: boolean }) => {
          this.#hear(ready ? 'renew ready' : 'renew unready');
          return { clusterId: 'control', renewAfterMs: BigInt(renewAfterMs) };
        },
        deregisterInstance: async () => {
          this.#hear('deregister');
          return {};
        },
      }) as never,
    close: () => undefined,
  };

  #hear(what: string): void {
    this.told.push(what);
    if (this.failure) throw this.failure;
  }
}

describe('a registration', () => {
  let clock: FakeClock;
  let registry: Registry;
  let registration: Registration;
  let loop: Loop | undefined;
  let ready: boolean;

  beforeEach(() => {
    clock = new FakeClock();
    registry = new Registry();
    ready = true;
    registration = createRegistration({
      channel: registry.channel,
      service: 'commodore',
      instance: 'a',
      clusterId: 'control',
      addresses: [{ kind: ListenerKind.GRPC, host: '127.0.0.1', port: 19_001 }],
      ready: async () => ready,
      clock,
    });
    return () => loop?.stop();
  });

  /** The first turn, to its end. */
  const begin = async (): Promise<void> => {
    const { signal } = new AbortController();
    loop = runLoop({ ...registration.loop, jitter: 0, clock, log: createSilentLogger(), signal });
    await clock.advance(0);
  };

  it('registers, says at once whether it is ready, and renews when it is time', async () => {
    await begin();
    expect(registry.told).toEqual(['register', 'renew ready']);
    expect(registration.clusterId()).toBe('control');
    await clock.advance(renewAfterMs - 1);
    expect(registry.told).toHaveLength(2);
    await clock.advance(1_000);
    expect(registry.told).toEqual(['register', 'renew ready', 'renew ready']);
  });

  it('says it again every second until it is ready', async () => {
    ready = false;
    await begin();
    await clock.advance(2_000);
    ready = true;
    await clock.advance(renewAfterMs);
    expect(registry.told.slice(0, 5)).toEqual([
      'register',
      'renew unready',
      'renew unready',
      'renew unready',
      'renew ready',
    ]);
  });

  it('keeps asking while Quartermaster is away, and goes on where it was', async () => {
    await begin();
    registry.failure = unavailable;
    await clock.advance(renewAfterMs + 3_000);
    registry.failure = undefined;
    await clock.advance(1_000);
    expect(registry.told.filter((what) => what === 'register')).toHaveLength(1);
    expect(registry.told.at(-1)).toBe('renew ready');
    expect(registry.told.length).toBeGreaterThan(4);
  });

  it('registers again when it has been forgotten', async () => {
    await begin();
    registry.failure = unknown;
    await clock.advance(renewAfterMs);
    registry.failure = undefined;
    await clock.advance(1_000);
    expect(registry.told.slice(2)).toEqual(['renew ready', 'register', 'renew ready']);
  });

  it('says goodbye once, and does not come back', async () => {
    await begin();
    await registration.end();
    await registration.end();
    await clock.advance(60_000);
    expect(registry.told).toEqual(['register', 'renew ready', 'deregister']);
    expect(registration.clusterId()).toBeUndefined();
  });

  it('says goodbye also when no answer ever came back, because it may have been heard', async () => {
    registry.failure = unavailable;
    await begin();
    registry.failure = undefined;
    await registration.end();
    expect(registry.told).toEqual(['register', 'deregister']);
  });

  it('has no goodbye to say when it never began', async () => {
    await registration.end();
    await begin();
    expect(registry.told).toEqual([]);
  });
});
