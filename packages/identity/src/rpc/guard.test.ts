import { connect } from 'node:http2';
import { createMetrics } from '@frameworks/kit/metrics';
import type { CallContext } from '@frameworks/kit/rpc';
import type { RpcGuard } from '@frameworks/kit/rpc/guard';
import { systemClock } from '@frameworks/std';
import { beforeAll, describe, expect, it } from 'vitest';
import { authorize } from '../authorization/authorize.ts';
import type { Rule } from '../authorization/rule.ts';
import { anyService, member, owner, service } from '../authorization/rule.ts';
import { StaticCertificateSource } from '../source/certificate-source.ts';
import { createTestAuthority, type TestAuthority, testDomain, testServiceId } from '../testing.ts';
import { signActorToken } from '../tokens/actor-token.ts';
import { expectFoghorn, expectService } from './expect-peer.ts';
import { createRpcGuard } from './guard.ts';
import { startEcho } from './harness.ts';

let authority: TestAuthority;
let bridge: StaticCertificateSource;
beforeAll(async () => {
  authority = await createTestAuthority();
  bridge = new StaticCertificateSource(await authority.issue(testServiceId('bridge', 'access')));
});

const name = (method: string) => `frameworks.testing.v1.Echo/${method}`;

/** The real guard with a table for Echo. */
async function createGuard(rows: Record<string, Rule>): Promise<RpcGuard> {
  const table = new Map(Object.entries(rows).map(([method, rule]) => [name(method), rule]));
  const source = new StaticCertificateSource(await authority.issue(testServiceId('echo')));
  return {
    ...createRpcGuard({ source, clock: systemClock }),
    authorize: (method, caller) => authorize(method, caller, { table }),
    authorizeResource: (method, caller, resource) => authorize(method, caller, { table, resource }),
  };
}

const actor = { userId: 'u1', tenantId: 't1', role: 'member' as const };

describe('the guard on real connections', () => {
  it('denies by default, counts it, and lets the named service pass', async () => {
    const metrics = createMetrics({ service: 'echo' });
    const guard = await createGuard({ Say: [service('access/bridge')] });
    await using echo = await startEcho({ authority, guard, metrics });
    const stranger = await echo.client();
    await expect(stranger.say({})).rejects.toMatchObject({ code: 'PERMISSION_DENIED', reason: 'CALLER_NOT_ALLOWED' });
    await expect(stranger.sayAgain({})).rejects.toMatchObject({ code: 'PERMISSION_DENIED', reason: 'METHOD_UNKNOWN' });
    expect((await (await echo.client({ credentials: bridge })).say({ text: 'in' })).text).toBe('in');
    expect(echo.calls).toHaveLength(1);
    expect(await metrics.registry.metrics()).toMatch(
      /denied_total\{method="[^"]*Say",reason="CALLER_NOT_ALLOWED",caller="service:caller"[^}]*\} 1/,
    );
  });

  it('denies a stream before its first message', async () => {
    await using echo = await startEcho({ authority, guard: await createGuard({}) });
    const client = await echo.client();
    const reading = (async () => {
      for await (const _ of client.count({ times: 3 })) throw new Error('nothing should come');
    })();
    await expect(reading).rejects.toMatchObject({ code: 'PERMISSION_DENIED', reason: 'METHOD_UNKNOWN' });
    await expect(client.collect((async function* () {})())).rejects.toMatchObject({ reason: 'METHOD_UNKNOWN' });
    expect(echo.calls).toHaveLength(0);
  });

  it('answers UNAUTHENTICATED to nobody', async () => {
    const guard = await createGuard({ Say: [anyService] });
    await using echo = await startEcho({ authority, guard, clientCertificates: 'optional' });
    const nobody = await echo.client({ credentials: { trustBundlePem: authority.root.certificatePem } });
    await expect(nobody.say({})).rejects.toMatchObject({ code: 'UNAUTHENTICATED', reason: 'CERTIFICATE_REQUIRED' });
  });

  it('brings the user to the handler, and refuses tokens that are not Bridge’s', async () => {
    await using echo = await startEcho({ authority, guard: await createGuard({ Say: [member('filtered')] }) });
    const client = await echo.client({ credentials: bridge });
    await client.say({}, { actorToken: await signActorToken(actor, { source: bridge, clock: systemClock }) });
    expect(echo.calls[0]?.context.actor).toEqual(actor);
    const own = new StaticCertificateSource(await authority.issue(testServiceId('caller')));
    const forged = await signActorToken(actor, { source: own, clock: systemClock });
    await expect(client.say({}, { actorToken: forged })).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      reason: 'ACTOR_TOKEN_INVALID',
    });
    await expect(client.say({}, { actorToken: 'nonsense' })).rejects.toMatchObject({ reason: 'ACTOR_TOKEN_INVALID' });
    await expect(client.say({})).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  });

  it('holds handlers to their resource, and fails those that forget to ask', async () => {
    const authorized = async (_: unknown, context: CallContext) => {
      context.authorize({ tenantId: 't2' });
      return {};
    };
    const guard = await createGuard({ Say: [owner('ownTenant')], SayAgain: [owner('ownTenant')] });
    await using echo = await startEcho({ authority, guard, handlers: { say: authorized } });
    const client = await echo.client({ credentials: bridge });
    const token = (tenantId: string) =>
      signActorToken({ ...actor, tenantId, role: 'owner' }, { source: bridge, clock: systemClock });
    await client.say({}, { actorToken: await token('t2') });
    await expect(client.say({}, { actorToken: await token('t1') })).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      reason: 'TENANT_MISMATCH',
    });
    const careless = client.sayAgain({}, { actorToken: await token('t2') });
    await expect(careless).rejects.toMatchObject({ code: 'INTERNAL', reason: 'RESOURCE_UNCHECKED' });
  });

  it('takes nothing from metadata that a client makes up', async () => {
    const guard = await createGuard({ Say: [service('access/bridge')] });
    await using echo = await startEcho({ authority, guard });
    const {
      certificateChainPem: cert,
      privateKeyPem: key,
      trustBundlePem: ca,
    } = await authority.issue(testServiceId('caller'));
    const session = connect(`https://127.0.0.1:${echo.address.port}`, {
      cert,
      key,
      ca,
      checkServerIdentity: () => undefined,
    });
    const request = session.request({
      ':method': 'POST',
      ':path': `/${name('Say')}`,
      'content-type': 'application/grpc',
      'frameworks-call': '1',
      'frameworks-peer': testServiceId('bridge', 'access'),
      'frameworks-role': 'operator',
    });
    request.end(Buffer.alloc(5));
    const headers = await new Promise<Record<string, unknown>>((resolve) => request.once('response', resolve));
    expect(headers).toMatchObject({ 'grpc-status': '7' });
    expect(echo.calls).toHaveLength(0);
    session.destroy();
  });

  it('knows only its own trust domain', async () => {
    const source = new StaticCertificateSource(await authority.issue(testServiceId('echo')));
    const guard = createRpcGuard({ source, clock: systemClock });
    expect(guard.findPeer(testServiceId('bridge', 'access'))).toMatchObject({ service: 'bridge' });
    expect(guard.findPeer('spiffe://other.test/access/bridge/a')).toBeUndefined();
    expect(guard.findPeer('https://example.test/')).toBeUndefined();
  });
});

describe('expected peers', () => {
  it('match by service or by Foghorn, within one domain', () => {
    expect(expectService(testDomain, 'echo')(testServiceId('echo'))).toBe(true);
    expect(expectService(testDomain, 'echo')(testServiceId('bridge'))).toBe(false);
    expect(expectService('other.test', 'echo')(testServiceId('echo'))).toBe(false);
    expect(expectFoghorn(testDomain)(`spiffe://${testDomain}/foghorn/f1`)).toBe(true);
    expect(expectFoghorn(testDomain, 'f2')(`spiffe://${testDomain}/foghorn/f1`)).toBe(false);
    expect(expectFoghorn(testDomain)(testServiceId('foghorn'))).toBe(false);
  });
});
