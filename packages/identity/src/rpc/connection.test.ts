import { createServer as createHttpServer } from 'node:http';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { createRpcClient } from '@frameworks/kit/rpc/client';
import { HealthService } from '@frameworks/kit/rpc/health-service';
import { settle } from '@frameworks/testkit';
import { beforeAll, describe, expect, it } from 'vitest';
import { addRoot, bundlePem, createBundle } from '../ca/bundle.ts';
import { StaticCertificateSource } from '../source/certificate-source.ts';
import { createTestAuthority, type TestAuthority, testServiceId, testSpiffeId } from '../testing.ts';
import { openGuard, startEcho } from './harness.ts';

const hourMs = 3_600_000;
const unavailable = { code: 'UNAVAILABLE' };
let ours: TestAuthority;
let theirs: TestAuthority;

beforeAll(async () => {
  [ours, theirs] = await Promise.all([createTestAuthority(), createTestAuthority()]);
});

describe('who is let in', () => {
  it('refuses a client of another CA, and one without a certificate', async () => {
    await using echo = await startEcho({ authority: ours });
    const foreign = { ...(await theirs.issue(testServiceId('caller'))), trustBundlePem: ours.root.certificatePem };
    const stranger = await echo.client({ credentials: new StaticCertificateSource(foreign) });
    await expect(stranger.say({})).rejects.toMatchObject(unavailable);
    const nobody = await echo.client({ credentials: { trustBundlePem: ours.root.certificatePem } });
    await expect(nobody.say({})).rejects.toMatchObject(unavailable);
    expect(echo.calls).toHaveLength(0);
  });

  it('refuses an expired leaf and one that is not valid yet', async () => {
    await using echo = await startEcho({ authority: ours });
    const expired = await ours.issue(testServiceId('caller'), { nowMs: Date.now() - 10 * hourMs, lifetimeMs: hourMs });
    const early = await ours.issue(testServiceId('caller'), { nowMs: Date.now() + 10 * hourMs });
    for (const material of [expired, early]) {
      const client = await echo.client({ credentials: new StaticCertificateSource(material) });
      await expect(client.say({})).rejects.toMatchObject(unavailable);
    }
    expect(echo.calls).toHaveLength(0);
  });

  it('refuses a certificate that names nobody of this system', async () => {
    await using echo = await startEcho({ authority: ours, guard: { ...openGuard, findPeer: () => undefined } });
    await expect((await echo.client()).say({})).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      reason: 'PEER_UNKNOWN',
    });
    expect(echo.calls).toHaveLength(0);
  });

  it('refuses, in TLS itself, an identity of a domain that the intermediate may not name', async () => {
    await using echo = await startEcho({ authority: ours });
    const { formatSpiffeId } = await import('../spiffe.ts');
    const id = formatSpiffeId({ kind: 'foghorn', domain: 'other.example', instance: 'a' });
    const client = await echo.client({ credentials: new StaticCertificateSource(await ours.issue(id)) });
    await expect(client.say({})).rejects.toMatchObject(unavailable);
    expect(echo.calls).toHaveLength(0);
  });

  it('lets nobody in as nobody where certificates are optional, unverified ones included', async () => {
    await using echo = await startEcho({ authority: ours, clientCertificates: 'optional' });
    const foreign = { ...(await theirs.issue(testServiceId('caller'))), trustBundlePem: ours.root.certificatePem };
    const credentials = [{ trustBundlePem: ours.root.certificatePem }, new StaticCertificateSource(foreign)];
    for (const given of credentials) await (await echo.client({ credentials: given })).say({});
    expect(echo.calls.map(({ context }) => context.peer)).toEqual([undefined, undefined]);
    await (await echo.client()).say({});
    expect(echo.calls[2]?.context.peer).toMatchObject({ service: 'caller' });
  });
});

describe('whom a client talks to', () => {
  it('refuses a server of another CA, an expired one, and one with another name', async () => {
    await using foreign = await startEcho({ authority: theirs });
    const trusting = { ...(await theirs.issue(testServiceId('caller'))), trustBundlePem: ours.root.certificatePem };
    const client = await foreign.client({ credentials: new StaticCertificateSource(trusting) });
    await expect(client.say({})).rejects.toMatchObject(unavailable);
    expect(foreign.calls).toHaveLength(0);

    await using echo = await startEcho({ authority: ours });
    const misled = await echo.client({ expectPeer: testServiceId('bridge') });
    await expect(misled.say({})).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('not who was expected'),
    });
    const picky = await echo.client({ expectPeer: () => false });
    await expect(picky.say({})).rejects.toMatchObject(unavailable);
    echo.serverSource.replace(
      await ours.issue(testServiceId('echo'), { nowMs: Date.now() - 10 * hourMs, lifetimeMs: hourMs }),
    );
    await expect((await echo.client()).say({})).rejects.toMatchObject(unavailable);
    expect(echo.calls).toHaveLength(0);
  });
});

/** The serial number a new TLS connection is shown. */
async function servedSerial(port: number): Promise<string> {
  const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false, ALPNProtocols: ['h2'] });
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('secureConnect', resolve));
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

describe('rotation without restart', () => {
  it('keeps connections alive over a new leaf and shows it to new ones', async () => {
    await using echo = await startEcho({ authority: ours });
    const client = await echo.client();
    let go = () => {};
    async function* talk() {
      yield { text: 'before' };
      await new Promise<void>((resolve) => {
        go = resolve;
      });
      yield { text: 'after' };
    }
    const conversation = client.chat(talk())[Symbol.asyncIterator]();
    expect((await conversation.next()).value?.text).toBe('before!');
    const oldSerial = await servedSerial(echo.address.port);
    echo.serverSource.replace(await ours.issue(testServiceId('echo')));
    const newSerial = await servedSerial(echo.address.port);
    expect(newSerial).not.toBe(oldSerial);
    go();
    expect((await conversation.next()).value?.text).toBe('after!');
    await conversation.return?.();
    expect((await (await echo.client()).say({ text: 'new' })).text).toBe('new');
  });

  it('follows a change of the root, with an overlap in which both are trusted', async () => {
    await using echo = await startEcho({ authority: ours });
    const oldLeaf = await ours.issue(testServiceId('caller'));
    const newLeaf = await theirs.issue(testServiceId('caller'));
    const both = bundlePem(addRoot(createBundle(ours.root.certificatePem), theirs.root.certificatePem));
    const attempt = async (material: typeof oldLeaf) => {
      const source = new StaticCertificateSource({ ...material, trustBundlePem: both });
      return (await echo.client({ credentials: source })).say({ text: 'x' });
    };
    await expect(attempt(newLeaf)).rejects.toMatchObject(unavailable);
    echo.serverSource.replace({ ...(await ours.issue(testServiceId('echo'))), trustBundlePem: both });
    await attempt(oldLeaf);
    await attempt(newLeaf);
    echo.serverSource.replace({
      ...(await theirs.issue(testServiceId('echo'))),
      trustBundlePem: theirs.root.certificatePem,
    });
    await expect(attempt(oldLeaf)).rejects.toMatchObject(unavailable);
    await attempt(newLeaf);
  });

  it('refuses connections until there is a certificate, then serves', async () => {
    const source = new StaticCertificateSource();
    await using echo = await startEcho({ authority: ours, credentials: source });
    const client = await echo.client({ deadlineMs: 3_000 });
    await expect(client.say({})).rejects.toMatchObject(unavailable);
    source.replace(await ours.issue(testServiceId('echo')));
    await settle(async () => (await client.say({ text: 'now' }).catch(() => ({ text: '' }))).text === 'now');
  });

  it('a client proves its newest leaf at its next connection', async () => {
    await using echo = await startEcho({ authority: ours, limits: { maxConnectionAgeMs: 100 } });
    const source = new StaticCertificateSource(await ours.issue(testServiceId('caller')));
    const client = await echo.client({ credentials: source });
    await client.say({});
    source.replace(await ours.issue({ kind: 'foghorn', instance: 'f' }));
    await settle(async () => {
      await client.say({}).catch(() => {});
      return echo.calls.at(-1)?.context.peer?.uri === testSpiffeId({ kind: 'foghorn', instance: 'f' });
    });
  });
});

describe('connections over time', () => {
  it('keeps a stream open over the age at which its connection takes no new calls', async () => {
    await using echo = await startEcho({ authority: ours, limits: { maxConnectionAgeMs: 50 } });
    const client = await echo.client();
    let more = true;
    async function* talk() {
      for (let n = 0; more; n++) {
        yield { text: `${n}` };
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    }
    const startMs = performance.now();
    for await (const _ of client.chat(talk())) if (performance.now() - startMs > 400) more = false;
    expect(echo.calls).toHaveLength(1);
  });

  it('comes back by itself after a restart of the server', async () => {
    const first = await startEcho({ authority: ours });
    const client = await first.client();
    await client.say({});
    await first.server.stop(0);
    await expect(client.say({})).rejects.toMatchObject(unavailable);
    await using second = await startEcho({ authority: ours, address: first.address });
    await settle(async () => (await client.say({ text: 'back' }).catch(() => ({ text: '' }))).text === 'back');
    expect(second.calls.length).toBeGreaterThan(0);
    client.close();
  });
});

describe('robustness', () => {
  const garbage: [string, Buffer][] = [
    ['plain text', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['zeros', Buffer.alloc(4096)],
    ['half a TLS record', Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01])],
    ['an HTTP/2 preface', Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')],
  ];
  it.each(garbage)('survives %s on the port', async (_, bytes) => {
    await using echo = await startEcho({ authority: ours });
    const socket = connect(echo.address.port, '127.0.0.1');
    socket.on('error', () => {});
    await new Promise((resolve) => socket.once('connect', resolve));
    await new Promise((resolve) => socket.write(bytes, resolve));
    expect((await (await echo.client()).say({ text: 'alive' })).text).toBe('alive');
    socket.destroy();
  });

  it('survives garbage inside TLS, with a valid certificate', async () => {
    await using echo = await startEcho({ authority: ours });
    const material = await ours.issue(testServiceId('caller'));
    const { certificateChainPem: cert, privateKeyPem: key, trustBundlePem: ca } = material;
    const options = { host: '127.0.0.1', port: echo.address.port, cert, key, ca, checkServerIdentity: () => undefined };
    for (const ALPNProtocols of [['h2'], ['http/1.1']]) {
      const socket = connectTls({ ...options, ALPNProtocols });
      socket.on('error', () => {});
      await new Promise((resolve) => {
        socket.once('secureConnect', resolve);
        socket.once('close', resolve);
      });
      socket.write(Buffer.alloc(10_000, 0xa5));
      socket.end();
    }
    expect((await (await echo.client()).say({ text: 'alive' })).text).toBe('alive');
  });

  it('says in one sentence that its port is taken', async () => {
    const other = createHttpServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const bound = other.address();
    const port = typeof bound === 'object' && bound ? bound.port : 0;
    await expect(startEcho({ authority: ours, address: { host: '127.0.0.1', port } })).rejects.toMatchObject({
      reason: 'ADDRESS_IN_USE',
    });
    other.close();
  });
});

describe('health and stopping', () => {
  it('answers grpc.health.v1 for the server and its services', async () => {
    let ready = true;
    await using echo = await startEcho({ authority: ours, health: async () => ({ ready, checks: [] }) });
    const credentials = new StaticCertificateSource(await ours.issue(testServiceId('caller')));
    const health = createRpcClient(HealthService, {
      address: echo.address,
      credentials,
      expectPeer: testServiceId('echo'),
    });
    expect(await health.check({})).toMatchObject({ status: 1 });
    expect(await health.check({ service: 'frameworks.testing.v1.Echo' })).toMatchObject({ status: 1 });
    await expect(health.check({ service: 'nope' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      reason: 'SERVICE_UNKNOWN',
    });
    ready = false;
    expect(await health.check({})).toMatchObject({ status: 2 });
    health.close();
  });

  it('lets unary calls finish, ends streams at once, and refuses what comes later', async () => {
    let release = () => {};
    const echo = await startEcho({
      authority: ours,
      handlers: {
        say: async () => {
          await new Promise<void>((resolve) => {
            release = resolve;
          });
          return { text: 'finished' };
        },
        async *count(_, { signal }) {
          yield { text: 'first' };
          await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        },
      },
    });
    const client = await echo.client();
    const unary = client.say({});
    const stream = client.count({})[Symbol.asyncIterator]();
    await stream.next();
    const rest = stream.next().catch((error: unknown) => error);
    await settle(() => echo.calls.length === 2);
    const stopped = echo.server.stop(5_000);
    expect(await rest).toMatchObject({ code: 'UNAVAILABLE', reason: 'SERVER_STOPPING' });
    release();
    expect((await unary).text).toBe('finished');
    await stopped;
    await expect(client.say({})).rejects.toMatchObject(unavailable);
    client.close();
  });

  it('cuts what does not finish within its grace', async () => {
    const echo = await startEcho({ authority: ours, handlers: { say: () => new Promise<never>(() => {}) } });
    const client = await echo.client();
    const hanging = client.say({}).catch((error: unknown) => error);
    await settle(() => echo.calls.length === 1);
    const startMs = performance.now();
    await echo.server.stop(100);
    expect(performance.now() - startMs).toBeLessThan(2_000);
    expect(await hanging).toMatchObject({ code: expect.stringMatching(/UNAVAILABLE|CANCELLED/) });
    client.close();
  });
});
