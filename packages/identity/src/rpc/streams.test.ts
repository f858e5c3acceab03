import { createMetrics } from '@frameworks/kit/metrics';
import type { CallContext } from '@frameworks/kit/rpc';
import { FakeClock } from '@frameworks/std';
import { settle } from '@frameworks/testkit';
import { beforeAll, describe, expect, it } from 'vitest';
import { StaticCertificateSource } from '../source/certificate-source.ts';
import { createTestAuthority, type TestAuthority, testServiceId } from '../testing.ts';
import { openGuard, startEcho } from './harness.ts';

const hourMs = 3_600_000;
let authority: TestAuthority;
beforeAll(async () => {
  authority = await createTestAuthority();
});

/** Says one thing, then nothing until told to end. */
function quietTalk() {
  const end = Promise.withResolvers<void>();
  async function* requests() {
    yield { text: 'hello' };
    await end.promise;
  }
  return { requests, end: () => end.resolve() };
}

/** Takes a request and answers nothing. */
async function* readOne(requests: AsyncIterable<unknown>): AsyncGenerator<never> {
  await requests[Symbol.asyncIterator]().next();
  yield* [];
}

describe('a stream whose rule is bound to a resource', () => {
  const boundGuard = { ...openGuard, authorize: () => ({ allow: true as const, boundToResource: true }) };
  async function* three() {
    for (const text of ['a', 'b', 'c']) yield { text };
  }

  it('gives a handler that has not asked one message and no more', async () => {
    const seen: string[] = [];
    const careless = async (requests: AsyncIterable<{ text: string }>) => {
      for await (const { text } of requests) seen.push(text);
      return {};
    };
    await using echo = await startEcho({ authority, guard: boundGuard, handlers: { collect: careless } });
    await expect((await echo.client()).collect(three())).rejects.toMatchObject({ reason: 'RESOURCE_UNCHECKED' });
    expect(seen).toEqual(['a']);
  });

  it('fails a handler that has not asked, also when it answers nothing at all', async () => {
    await using echo = await startEcho({
      authority,
      guard: boundGuard,
      handlers: {
        async *count() {},
        chat: (requests) => readOne(requests),
      },
    });
    const client = await echo.client();
    const drain = async (stream: AsyncIterable<unknown>) => {
      for await (const _ of stream) throw new Error('nothing should come');
    };
    await expect(drain(client.count({}))).rejects.toMatchObject({ reason: 'RESOURCE_UNCHECKED' });
    await expect(drain(client.chat(three()))).rejects.toMatchObject({ reason: 'RESOURCE_UNCHECKED' });
  });

  it('goes on once the handler has asked about the first message', async () => {
    const asking = async (requests: AsyncIterable<{ text: string }>, context: CallContext) => {
      const texts: string[] = [];
      for await (const { text } of requests) {
        context.authorize({ clusterId: text });
        texts.push(text);
      }
      return { text: texts.join() };
    };
    await using echo = await startEcho({ authority, guard: boundGuard, handlers: { collect: asking } });
    expect((await (await echo.client()).collect(three())).text).toBe('a,b,c');
  });
});

describe('the end of a certificate', () => {
  it('ends the streams it opened, and the next call proves the certificate there is by then', async () => {
    const clock = new FakeClock(Date.now());
    await using echo = await startEcho({ authority, clock });
    const source = new StaticCertificateSource(
      await authority.issue(testServiceId('caller', 'control', 'old'), { lifetimeMs: hourMs }),
    );
    const client = await echo.client({ credentials: source });
    const other = await echo.client();
    const [short, long] = [quietTalk(), quietTalk()];
    const ending = client.chat(short.requests())[Symbol.asyncIterator]();
    const staying = other.chat(long.requests())[Symbol.asyncIterator]();
    await Promise.all([ending.next(), staying.next()]);
    const rest = ending.next().catch((error: unknown) => error);
    source.replace(await authority.issue(testServiceId('caller', 'control', 'new')));
    await clock.advance(hourMs + 1_000);
    expect(await rest).toMatchObject({ code: 'UNAUTHENTICATED', reason: 'CERTIFICATE_EXPIRED', retryable: true });
    expect(echo.calls[0]?.context.signal.aborted).toBe(true);
    expect(echo.calls[1]?.context.signal.aborted).toBe(false);
    await settle(async () => {
      await client.sayAgain({}).catch(() => undefined);
      return echo.calls.at(-1)?.context.peer?.uri === testServiceId('caller', 'control', 'new');
    });
    short.end();
    long.end();
    expect(await staying.next()).toMatchObject({ done: true });
  });

  it('refuses calls on a connection that outlived it, and counts that', async () => {
    const clock = new FakeClock(Date.now());
    const metrics = createMetrics({ service: 'echo' });
    await using echo = await startEcho({ authority, clock, metrics });
    const credentials = new StaticCertificateSource(
      await authority.issue(testServiceId('caller'), { lifetimeMs: hourMs }),
    );
    const client = await echo.client({ credentials });
    await client.say({});
    await clock.advance(hourMs + 1_000);
    await expect(client.say({})).rejects.toMatchObject({ code: 'UNAUTHENTICATED', reason: 'CERTIFICATE_EXPIRED' });
    expect(echo.calls).toHaveLength(1);
    expect(await metrics.registry.metrics()).toMatch(/denied_total\{[^}]*reason="CERTIFICATE_EXPIRED"[^}]*\} 1/);
  });
});

describe('the age of a stream', () => {
  it('is bounded by the server, and the client may open another', async () => {
    const clock = new FakeClock(Date.now());
    await using echo = await startEcho({ authority, clock, limits: { maxStreamAgeMs: hourMs } });
    const client = await echo.client();
    const talk = quietTalk();
    const stream = client.chat(talk.requests())[Symbol.asyncIterator]();
    await stream.next();
    const rest = stream.next().catch((error: unknown) => error);
    await clock.advance(hourMs * 0.8);
    expect(echo.calls[0]?.context.signal.aborted).toBe(false);
    await clock.advance(hourMs * 0.2);
    expect(await rest).toMatchObject({ code: 'UNAVAILABLE', reason: 'STREAM_AGE_REACHED', retryable: true });
    talk.end();
    expect((await client.say({ text: 'again' })).text).toBe('again');
    expect(clock.sleepers).toBe(0);
  });
});
