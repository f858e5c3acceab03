import { getEventListeners } from 'node:events';
import { ServiceError } from '@frameworks/kit/errors';
import type { CertificateMaterial, CertificateSource } from '@frameworks/kit/rpc/certificate';
import { createRpcClient } from '@frameworks/kit/rpc/client';
import { HealthService } from '@frameworks/kit/rpc/health-service';
import { Echo } from '@frameworks/kit/rpc/testing/echo_pb';
import { settle } from '@frameworks/testkit';
import { beforeAll, describe, expect, it } from 'vitest';
import { StaticCertificateSource } from '../source/certificate-source.ts';
import { createTestAuthority, type TestAuthority, testServiceId } from '../testing.ts';
import { openGuard, startEcho } from './harness.ts';

let authority: TestAuthority;
beforeAll(async () => {
  authority = await createTestAuthority();
});

/** Counts who listens. */
class CountedSource implements CertificateSource {
  listeners = 0;
  readonly #source: StaticCertificateSource;

  constructor(material: CertificateMaterial) {
    this.#source = new StaticCertificateSource(material);
  }
  current() {
    return this.#source.current();
  }
  subscribe(listener: (material: CertificateMaterial) => void) {
    this.listeners++;
    const end = this.#source.subscribe(listener);
    return () => {
      this.listeners--;
      end();
    };
  }
}

describe('what a call leaves behind', () => {
  it('is no listener on the signal of its caller, however it ends', async () => {
    await using echo = await startEcho({
      authority,
      handlers: {
        say: async ({ text }) => {
          if (text === 'fail') throw new ServiceError('NOT_FOUND', 'GONE', { message: 'gone' });
          return { text };
        },
      },
    });
    const client = await echo.client();
    const { signal } = new AbortController();
    for (const text of ['fine', 'fail', 'fine', 'fail']) await client.say({ text }, { signal }).catch(() => undefined);
    for await (const _ of client.count({ times: 3 }, { signal }));
    for await (const _ of client.count({ times: 3 }, { signal })) break;
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('is no request stream waiting for its next message', async () => {
    await using echo = await startEcho({ authority, handlers: { async *chat() {}, collect: async () => ({}) } });
    const client = await echo.client();
    let returned = 0;
    const silent = (): AsyncIterable<{ text: string }> => ({
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise<never>(() => {}),
        return: async () => {
          returned++;
          return { done: true, value: undefined };
        },
      }),
    });
    for await (const _ of client.chat(silent()));
    await client.collect(silent());
    expect(returned).toBe(2);
  });

  it('is nobody who listens for certificates once server and client are closed', async () => {
    const [server, caller] = [
      new CountedSource(await authority.issue(testServiceId('echo'))),
      new CountedSource(await authority.issue(testServiceId('caller'))),
    ];
    const echo = await startEcho({ authority, credentials: server });
    const client = await echo.client({ credentials: caller });
    await client.say({});
    expect([server.listeners, caller.listeners]).toEqual([1, 1]);
    await echo[Symbol.asyncDispose]();
    await settle(() => server.listeners + caller.listeners === 0);
  });
});

describe('what a remote learns of our troubles', () => {
  it('is nothing of a guard that fails', async () => {
    const broken = () => {
      throw new Error('password=hunter2 at db:5432');
    };
    await using echo = await startEcho({ authority, guard: { ...openGuard, authorize: broken } });
    const failed = await (await echo.client()).say({}).catch((error: unknown) => error);
    expect(failed).toMatchObject({
      code: 'INTERNAL',
      message: 'internal error',
      data: { incident: expect.any(String) },
    });
  });

  it('is no address of a service behind the one that it called', async () => {
    const source = new StaticCertificateSource(await authority.issue(testServiceId('caller')));
    const address = { host: '127.0.0.1', port: 1 };
    const behind = createRpcClient(Echo, { address, credentials: source, expectPeer: testServiceId('echo') });
    await using echo = await startEcho({ authority, handlers: { say: (request) => behind.say(request) } });
    const failed = await (await echo.client()).say({}).catch((error: Error) => error);
    expect(failed).toMatchObject({ code: 'UNAVAILABLE', retryable: true });
    expect(String(failed)).not.toContain('127.0.0.1');
    behind.close();
  });
});

describe('what a crowd can cause', () => {
  it('is one health report at a time', async () => {
    let reports = 0;
    const go = Promise.withResolvers<void>();
    const health = async () => {
      reports++;
      await go.promise;
      return { ready: true, checks: [] };
    };
    await using echo = await startEcho({ authority, health });
    const credentials = new StaticCertificateSource(await authority.issue(testServiceId('caller')));
    const client = createRpcClient(HealthService, { address: echo.address, credentials, expectPeer: () => true });
    const asked = Array.from({ length: 50 }, () => client.check({}));
    await settle(() => reports > 0);
    await echo.client().then((other) => other.say({}));
    go.resolve();
    await Promise.all(asked);
    expect(reports).toBeLessThanOrEqual(2);
    client.close();
  });

  it('is no storm of repetitions against a server in trouble', async () => {
    const down = async () => {
      throw new ServiceError('UNAVAILABLE', 'DOWN', { message: 'down' });
    };
    await using echo = await startEcho({ authority, handlers: { sayAgain: down } });
    const client = await echo.client({ retry: { baseMs: 1, maxMs: 1 } });
    for (let n = 0; n < 100; n++) await client.sayAgain({}).catch(() => undefined);
    expect(echo.calls.length).toBeLessThan(120);
  });
});
