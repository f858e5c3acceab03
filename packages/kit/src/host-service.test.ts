import { FakeClock } from '@frameworks/std';
import { describe, expect, it } from 'vitest';
import { defineConfig } from './config/definition.ts';
import { parseConfig } from './config/parse.ts';
import { createService } from './create-service.ts';
import { hostService } from './host-service.ts';
import { createSilentLogger } from './log.ts';
import type { AnyServiceDefinition } from './service.ts';

const config = defineConfig({ service: 'sample', prefix: 'SAMPLE', fields: {} });

function setUp(create: AnyServiceDefinition['create']) {
  const definition: AnyServiceDefinition = { name: 'sample', plane: 'control', config, dependsOn: [], create };
  const parsed = parseConfig(config, {});
  if (!parsed.ok) throw new Error('defaults are valid');
  return hostService(definition, parsed.value, { clock: new FakeClock(), log: createSilentLogger() });
}

describe('hostService', () => {
  it('answers probes while the service starts and until it has stopped', async () => {
    const gate = Promise.withResolvers<void>();
    const stopGate = Promise.withResolvers<void>();
    const host = setUp(async ({ stopTimeoutMs }, deps) =>
      createService({
        deps,
        stopTimeoutMs,
        start: async (scope) => {
          await gate.promise;
          scope.onStop('drain', 'calls', () => stopGate.promise);
          return { grpc: '127.0.0.1:7' };
        },
      }),
    );
    const started = host.start();
    while (host.addresses().operator === undefined) await new Promise((resolve) => setImmediate(resolve));
    const probe = async () => (await fetch(`http://${host.addresses().operator}/readyz`)).status;
    expect(await probe()).toBe(503);
    gate.resolve();
    await started;
    expect(await probe()).toBe(200);
    expect(host.addresses()).toMatchObject({ grpc: '127.0.0.1:7' });
    const stopped = host.stop();
    expect(await probe()).toBe(503);
    stopGate.resolve();
    await stopped;
    await expect(probe()).rejects.toThrow();
  });

  it('closes its listener when the service could not be created', async () => {
    const host = setUp(() => Promise.reject(new Error('no')));
    await expect(host.start()).rejects.toThrow('no');
    const { operator } = host.addresses();
    await host.stop();
    await expect(fetch(`http://${operator}/healthz`)).rejects.toThrow();
  });

  it('stops what is still being created', async () => {
    const gate = Promise.withResolvers<void>();
    const calls: string[] = [];
    const host = setUp(async () => {
      await gate.promise;
      const note = (name: string) => async () => void calls.push(name);
      return { start: note('start'), stop: note('stop'), health: async () => ({ ready: true, checks: [] }) };
    });
    const started = host.start();
    while (host.addresses().operator === undefined) await new Promise((resolve) => setImmediate(resolve));
    await host.stop();
    gate.resolve();
    await started;
    expect(calls).toEqual(['stop']);
  });
});
