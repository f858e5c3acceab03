import { ServiceError } from '@frameworks/kit/errors';
import { createMetrics } from '@frameworks/kit/metrics';
import { settle } from '@frameworks/testkit';
import { describe, expect, it } from 'vitest';
import { testServiceId } from '../testing.ts';
import { type EchoFixture, startEcho } from './harness.ts';

async function* of(...texts: string[]) {
  for (const text of texts) yield { text };
}

async function collect(stream: AsyncIterable<{ text: string }>): Promise<string[]> {
  const texts: string[] = [];
  for await (const { text } of stream) texts.push(text);
  return texts;
}

const never = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));

describe('calls over mTLS', () => {
  it('carries all four kinds, and tells the handler who calls', async () => {
    await using echo = await startEcho();
    const client = await echo.client();
    expect((await client.say({ text: 'a' })).text).toBe('a');
    expect(await collect(client.count({ text: 'n', times: 3 }))).toEqual(['n0', 'n1', 'n2']);
    expect((await client.collect(of('x', 'y'))).text).toBe('x,y');
    expect(await collect(client.chat(of('p', 'q')))).toEqual(['p!', 'q!']);
    expect(echo.calls.map(({ method }) => method.split('/')[1])).toEqual(['Say', 'Count', 'Collect', 'Chat']);
    for (const { context } of echo.calls) {
      expect(context.peer).toMatchObject({ kind: 'service', service: 'caller', uri: testServiceId('caller') });
      expect(context.actor).toBeUndefined();
    }
  });

  it('carries a bidirectional stream both ways at once', async () => {
    await using echo = await startEcho();
    const client = await echo.client();
    const answered: string[] = [];
    let release = () => {};
    async function* questions() {
      for (const text of ['1', '2', '3']) {
        yield { text };
        await new Promise<void>((resolve) => {
          release = resolve;
        });
      }
    }
    for await (const { text } of client.chat(questions())) {
      answered.push(text);
      release();
    }
    expect(answered).toEqual(['1!', '2!', '3!']);
  });
});

describe('errors', () => {
  const failing = (error: unknown) => ({
    say: async () => {
      throw error;
    },
  });

  it('carries code, reason, data, field violations, retryability and delay', async () => {
    const error = new ServiceError('FAILED_PRECONDITION', 'CLUSTER_FULL', {
      message: 'no room for “ü” \ud800',
      data: { cluster: 'eu', 'field.cluster_id': 'is full' },
      retryable: true,
      retryAfterMs: 1500,
    });
    await using echo = await startEcho({ handlers: failing(error) });
    const failed = await (await echo.client()).say({}).catch((thrown: unknown) => thrown);
    expect(failed).toBeInstanceOf(ServiceError);
    expect(failed).toMatchObject({
      code: 'FAILED_PRECONDITION',
      reason: 'CLUSTER_FULL',
      message: 'no room for “ü” \ufffd',
      data: { cluster: 'eu', 'field.cluster_id': 'is full' },
      retryable: true,
      retryAfterMs: 1500,
    });
  });

  it('hides what is our own fault behind an incident number', async () => {
    await using echo = await startEcho({ handlers: failing(new Error('password=hunter2 at db:5432')) });
    const failed = await (await echo.client()).say({}).catch((thrown: ServiceError) => thrown);
    expect(failed).toMatchObject({ code: 'INTERNAL', reason: 'INTERNAL', message: 'internal error' });
    expect(JSON.stringify(failed)).not.toContain('hunter2');
    expect(failed).toHaveProperty('data.incident', expect.stringMatching(/^[0-9a-f]{12}$/));
  });

  it('carries an error out of a stream after what was sent', async () => {
    await using echo = await startEcho({
      handlers: {
        async *count() {
          yield { text: 'one' };
          throw new ServiceError('ABORTED', 'GENERATION_OLD', { message: 'fenced' });
        },
      },
    });
    const client = await echo.client();
    const got: string[] = [];
    const reading = (async () => {
      for await (const { text } of client.count({})) got.push(text);
    })();
    await expect(reading).rejects.toMatchObject({ code: 'ABORTED', reason: 'GENERATION_OLD', retryable: true });
    expect(got).toEqual(['one']);
  });

  it('drops data that would not fit into trailers, never the code', async () => {
    const error = new ServiceError('NOT_FOUND', 'GONE', {
      message: 'x'.repeat(5000),
      data: { big: 'y'.repeat(20_000) },
    });
    await using echo = await startEcho({ handlers: failing(error) });
    await expect((await echo.client()).say({})).rejects.toMatchObject({ code: 'NOT_FOUND', reason: 'GONE', data: {} });
  });
});

describe('time and cancellation', () => {
  const waiting = (seen: { aborted?: number; deadline?: Date | undefined }) => ({
    say: async (_: unknown, context: EchoFixture['calls'][number]['context']) => {
      seen.deadline = context.deadline;
      context.signal.addEventListener('abort', () => {
        seen.aborted = Date.now();
      });
      return await never(context.signal);
    },
  });

  it('ends a call at the client deadline on both sides', async () => {
    const seen: { aborted?: number; deadline?: Date | undefined } = {};
    await using echo = await startEcho({ handlers: waiting(seen) });
    const client = await echo.client();
    // Connect first: handshakes on a busy machine may take longer than the deadline under test.
    await client.sayAgain({});
    const startMs = Date.now();
    await expect(client.say({}, { deadlineMs: 500 })).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
    });
    expect(Date.now() - startMs).toBeLessThan(2_000);
    await settle(() => seen.aborted !== undefined);
    expect(Math.abs((seen.deadline?.getTime() ?? 0) - startMs - 500)).toBeLessThan(450);
  });

  it('caps unary calls at the server even when the client waits longer', async () => {
    const seen: { aborted?: number; deadline?: Date | undefined } = {};
    const metrics = createMetrics({ service: 'echo' });
    await using echo = await startEcho({ handlers: waiting(seen), limits: { maxUnaryMs: 150 }, metrics });
    const failed = (await echo.client()).say({}, { deadlineMs: 10_000 });
    await expect(failed).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED', message: 'the server allows 150 ms' });
    await settle(() => seen.aborted !== undefined);
    expect(await metrics.registry.metrics()).toMatch(/calls_total\{[^}]*Say[^}]*DEADLINE_EXCEEDED[^}]*\} 1/);
  });

  it('brings a cancellation to the handler and rejects with the reason of the signal', async () => {
    const seen: { aborted?: number } = {};
    await using echo = await startEcho({ handlers: waiting(seen) });
    const controller = new AbortController();
    const call = (await echo.client()).say({}, { signal: controller.signal });
    call.catch(() => {});
    await settle(() => echo.calls.length === 1);
    controller.abort(new Error('changed my mind'));
    await expect(call).rejects.toThrow('changed my mind');
    await settle(() => seen.aborted !== undefined);
  });

  it('ends a stream at the server when its reader stops reading', async () => {
    let ended = false;
    await using echo = await startEcho({
      handlers: {
        async *count(_, { signal }) {
          try {
            for (;;) {
              signal.throwIfAborted();
              yield { text: 'tick' };
              await new Promise((resolve) => setTimeout(resolve, 1));
            }
          } finally {
            ended = true;
          }
        },
      },
    });
    for await (const _ of (await echo.client()).count({})) break;
    await settle(() => ended);
  });
});

describe('repetition', () => {
  function flaky(failures: number, error = new ServiceError('UNAVAILABLE', 'WARMING_UP', { message: 'not yet' })) {
    let left = failures;
    const answer = async ({ text }: { text: string }) => {
      if (left-- > 0) throw error;
      return { text };
    };
    return { say: answer, sayAgain: answer };
  }
  const retry = { baseMs: 1, maxMs: 5 };

  it('repeats only what the contract calls idempotent', async () => {
    await using echo = await startEcho({ handlers: flaky(2) });
    const client = await echo.client({ retry });
    await expect(client.say({ text: 'x' })).rejects.toMatchObject({ reason: 'WARMING_UP' });
    expect(echo.calls).toHaveLength(1);
    expect((await client.sayAgain({ text: 'x' })).text).toBe('x');
    expect(echo.calls).toHaveLength(3);
  });

  it('gives up after its attempts, and at once on errors that repetition does not help', async () => {
    await using echo = await startEcho({ handlers: flaky(99) });
    await expect((await echo.client({ retry: { ...retry, attempts: 3 } })).sayAgain({})).rejects.toMatchObject({
      reason: 'WARMING_UP',
    });
    expect(echo.calls).toHaveLength(3);
    await using strict = await startEcho({
      handlers: flaky(99, new ServiceError('NOT_FOUND', 'GONE', { message: 'gone' })),
    });
    await expect((await strict.client({ retry })).sayAgain({})).rejects.toMatchObject({ reason: 'GONE' });
    expect(strict.calls).toHaveLength(1);
  });

  it('waits as long as the server asks, but never past the deadline', async () => {
    const slow = new ServiceError('UNAVAILABLE', 'BUSY', { message: 'later', retryAfterMs: 200 });
    await using echo = await startEcho({ handlers: flaky(1, slow) });
    const startMs = performance.now();
    await (await echo.client({ retry })).sayAgain({});
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(195);
    const later = new ServiceError('UNAVAILABLE', 'BUSY', { message: 'much later', retryAfterMs: 60_000 });
    await using hopeless = await startEcho({ handlers: flaky(1, later) });
    await expect((await hopeless.client({ retry })).sayAgain({}, { deadlineMs: 10_000 })).rejects.toMatchObject({
      reason: 'BUSY',
    });
    expect(hopeless.calls).toHaveLength(1);
  });
});

describe('limits', () => {
  it('refuses messages that are too large, both ways, without harming the connection', async () => {
    const limits = { maxMessageBytes: 64 * 1024 };
    await using echo = await startEcho({ limits, handlers: { sayAgain: async () => ({ text: 'y'.repeat(100_000) }) } });
    const client = await echo.client({ retry: { attempts: 1 } });
    await expect(client.say({ text: 'x'.repeat(100_000) })).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
    await expect(client.sayAgain({})).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
    expect((await client.say({ text: 'small' })).text).toBe('small');
  });

  it('counts calls and denials with bounded labels', async () => {
    const metrics = createMetrics({ service: 'echo' });
    await using echo = await startEcho({ metrics });
    const client = await echo.client({ metrics });
    await client.say({ text: 'a' });
    const text = await metrics.registry.metrics();
    expect(text).toMatch(
      /frameworks_rpc_server_calls_total\{method="frameworks.testing.v1.Echo\/Say",code="OK"[^}]*\} 1/,
    );
    expect(text).toMatch(
      /frameworks_rpc_client_calls_total\{method="frameworks.testing.v1.Echo\/Say",code="OK"[^}]*\} 1/,
    );
    expect(text).toMatch(/frameworks_rpc_server_seconds_count\{[^}]*\} 1/);
  });
});
