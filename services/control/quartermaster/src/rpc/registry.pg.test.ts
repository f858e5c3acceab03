import { ListenerKind } from '@frameworks/contracts/frameworks/common/v1/endpoint_pb';
import {
  ClusterHealthState,
  ClusterRegistry,
  ClusterType,
  InstanceRegistry,
  InstanceState,
} from '@frameworks/contracts/frameworks/quartermaster/v1/registry_pb';
import { createMetrics, createSilentLogger } from '@frameworks/kit';
import { createReconciler } from '@frameworks/kit/reconciler';
import type { RpcMethods } from '@frameworks/kit/rpc';
import { createUuidSource, systemClock } from '@frameworks/std';
import { describeWith } from '@frameworks/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { saveHealthObserved } from '../clusters/cluster-store.ts';
import { createHealthReconciler } from '../clusters/health-reconciler.ts';
import { createRegistryEvents } from '../events.ts';
import { forgetInstances } from '../instances/instance-store.ts';
import { type RegistryFixture, startRegistry } from './registry-harness.ts';

/** Longer than any test: what is to lapse is made to, by `endLeases`. */
const leaseMs = 600_000;
const newIncarnation = createUuidSource(systemClock);

function describeRegistry(url: () => string): void {
  let registry: RegistryFixture;
  let commodore: RpcMethods<typeof InstanceRegistry>;
  let clusters: RpcMethods<typeof ClusterRegistry>;

  beforeAll(async () => {
    registry = await startRegistry(url(), leaseMs);
    const channel = await registry.channelOf('commodore', 'a');
    commodore = channel.client(InstanceRegistry);
    clusters = channel.client(ClusterRegistry);
  });
  afterAll(() => registry[Symbol.asyncDispose]());
  beforeEach(async () => {
    await sql`truncate instances, reconciler_runs`.execute(registry.db);
    await sql`update clusters set health_state = 'provisioning', health_reasons = '[]'`.execute(registry.db);
  });

  const announce = (incarnationId: string, changes = {}) => ({
    service: 'commodore',
    instanceId: 'a',
    incarnationId,
    version: '1.2.3',
    clusterId: 'control',
    addresses: [{ kind: ListenerKind.GRPC, host: '127.0.0.1', port: 19_001 }],
    ...changes,
  });
  const known = (incarnationId: string) => ({ service: 'commodore', instanceId: 'a', incarnationId });
  /** As if the time had passed: the leases are the database's to judge. */
  const endLeases = () => sql`update instances set lease_expires_unix_ms = 0`.execute(registry.db);
  const listed = async (state: InstanceState = InstanceState.UNSPECIFIED) =>
    (await commodore.listInstances({ state })).instances;

  describe('instances', () => {
    it('are live from registration until the goodbye', async () => {
      const id = newIncarnation();
      const answer = await commodore.registerInstance(announce(id));
      expect(answer).toMatchObject({ leaseTtlMs: BigInt(leaseMs), renewAfterMs: BigInt(leaseMs / 3) });
      expect(await listed()).toMatchObject([{ service: 'commodore', state: InstanceState.LIVE, ready: false }]);
      await commodore.renewInstance({ ...known(id), ready: true });
      expect(await listed()).toMatchObject([{ ready: true, addresses: [{ host: '127.0.0.1', port: 19_001 }] }]);
      await commodore.deregisterInstance(known(id));
      expect(await listed()).toEqual([]);
      expect(await listed(InstanceState.STOPPED)).toMatchObject([{ incarnationId: id }]);
    });

    it('lapse when their lease is not renewed, and come back with the next heartbeat', async () => {
      const id = newIncarnation();
      await commodore.registerInstance(announce(id));
      await endLeases();
      expect(await listed(InstanceState.LAPSED)).toMatchObject([{ incarnationId: id }]);
      await commodore.renewInstance({ ...known(id), ready: true });
      expect(await listed()).toMatchObject([{ state: InstanceState.LIVE }]);
    });

    it('keep their registration time and readiness when the registration is repeated', async () => {
      const id = newIncarnation();
      const first = await commodore.registerInstance(announce(id));
      await commodore.renewInstance({ ...known(id), ready: true });
      const again = await commodore.registerInstance(announce(id, { version: '1.2.4' }));
      expect(again.instance).toMatchObject({ ready: true, version: '1.2.4' });
      expect(again.instance?.registeredUnixMs).toBe(first.instance?.registeredUnixMs);
    });

    it('are replaced by a newer start, and the older one is told so', async () => {
      const [older, newer] = [newIncarnation(), newIncarnation()];
      await commodore.registerInstance(announce(older));
      await commodore.registerInstance(announce(newer));
      const superseded = expect.objectContaining({ code: 'ABORTED', reason: 'INCARNATION_SUPERSEDED' });
      await expect(commodore.renewInstance(known(older))).rejects.toEqual(superseded);
      await expect(commodore.registerInstance(announce(older))).rejects.toEqual(superseded);
      await commodore.deregisterInstance(known(older));
      expect(await listed()).toMatchObject([{ incarnationId: newer }]);
    });

    it('do not come back by a late repeat of a registration that has ended', async () => {
      const id = newIncarnation();
      await commodore.registerInstance(announce(id));
      await commodore.deregisterInstance(known(id));
      await commodore.deregisterInstance(known(id));
      await expect(commodore.registerInstance(announce(id))).rejects.toMatchObject({
        reason: 'INCARNATION_SUPERSEDED',
      });
    });

    it('must register before they renew', async () => {
      await expect(commodore.renewInstance(known(newIncarnation()))).rejects.toMatchObject({
        code: 'NOT_FOUND',
        reason: 'INSTANCE_UNKNOWN',
      });
    });

    it('can only speak for themselves', async () => {
      const id = newIncarnation();
      for (const changes of [{ instanceId: 'b' }, { service: 'purser' }]) {
        await expect(commodore.registerInstance(announce(id, changes))).rejects.toMatchObject({
          code: 'PERMISSION_DENIED',
        });
        await expect(commodore.renewInstance({ ...known(id), ...changes })).rejects.toMatchObject({
          code: 'PERMISSION_DENIED',
        });
        await expect(commodore.deregisterInstance({ ...known(id), ...changes })).rejects.toMatchObject({
          code: 'PERMISSION_DENIED',
        });
      }
    });

    it('cannot join a cluster that does not exist', async () => {
      await expect(commodore.registerInstance(announce(newIncarnation(), { clusterId: 'nope' }))).rejects.toMatchObject(
        {
          reason: 'CLUSTER_UNKNOWN',
        },
      );
    });

    it('are refused with every mistake named', async () => {
      const bad = announce('no-uuid', {
        version: 'one',
        clusterId: 'Control',
        addresses: [{ kind: ListenerKind.UNSPECIFIED, host: 'a b', port: 0 }],
      });
      await expect(commodore.registerInstance(bad)).rejects.toMatchObject({
        reason: 'INVALID_REQUEST',
        message: expect.stringMatching(/incarnation_id.*version.*cluster_id.*kind.*host.*port/s),
      });
    });

    it('are forgotten long after they stopped or lapsed, not before', async () => {
      const id = newIncarnation();
      await commodore.registerInstance(announce(id));
      await commodore.deregisterInstance(known(id));
      expect(await forgetInstances(registry.db, 60_000)).toBe(0);
      await sql`update instances set stopped_unix_ms = stopped_unix_ms - 60001`.execute(registry.db);
      expect(await forgetInstances(registry.db, 60_000)).toBe(1);
      expect(await listed(InstanceState.STOPPED)).toEqual([]);
    });

    it('are paged by key, each once', async () => {
      for (let n = 0; n < 7; n++) {
        const channel = await registry.channelOf('purser', `p-${n}`);
        const own = announce(newIncarnation(), { service: 'purser', instanceId: `p-${n}` });
        await channel.client(InstanceRegistry).registerInstance(own);
      }
      const seen: string[] = [];
      let cursor = '';
      do {
        const answer = await commodore.listInstances({ page: { pageSize: 3, cursor }, service: 'purser' });
        seen.push(...answer.instances.map(({ instanceId }) => instanceId));
        cursor = answer.page?.nextCursor ?? '';
      } while (cursor !== '');
      expect(seen).toEqual(Array.from({ length: 7 }, (_, n) => `p-${n}`));
    });
  });

  describe('clusters', () => {
    it('include the two central ones from the start', async () => {
      const { clusters: all } = await clusters.listClusters({});
      expect(all.map(({ clusterId, type }) => [clusterId, type])).toEqual([
        ['control', ClusterType.CENTRAL],
        ['data', ClusterType.CENTRAL],
      ]);
      expect((await clusters.listClusters({ type: ClusterType.EDGE })).clusters).toEqual([]);
    });

    it('that do not exist are not found', async () => {
      await expect(clusters.getCluster({ clusterId: 'nope' })).rejects.toMatchObject({
        code: 'NOT_FOUND',
        reason: 'CLUSTER_UNKNOWN',
      });
    });

    it('become healthy by themselves, degrade and recover, with reasons and ages', async () => {
      const log = createSilentLogger();
      const metrics = createMetrics({ service: 'quartermaster' });
      const reconciler = createHealthReconciler(registry.db, createRegistryEvents(log, metrics), Date.now);
      const driver = createReconciler(reconciler, { clock: systemClock, log, metrics, opTimeoutMs: 5_000 });
      const derive = async () => {
        await driver.reconcile(AbortSignal.timeout(10_000));
        await saveHealthObserved(registry.db);
        return (await clusters.getCluster({ clusterId: 'control' })).cluster;
      };
      expect(await derive()).toMatchObject({
        health: { state: ClusterHealthState.PROVISIONING, reasons: [{ code: 'NO_LIVE_INSTANCE' }] },
      });
      const id = newIncarnation();
      await commodore.registerInstance(announce(id));
      await commodore.renewInstance({ ...known(id), ready: true });
      const healthy = await derive();
      expect(healthy).toMatchObject({ health: { state: ClusterHealthState.HEALTHY, reasons: [] }, liveInstances: 1 });
      expect(Number(healthy?.health?.observedUnixMs)).toBeGreaterThan(Date.now() - 10_000);
      await endLeases();
      expect(await derive()).toMatchObject({
        health: {
          state: ClusterHealthState.OFFLINE,
          reasons: [{ code: 'NO_LIVE_INSTANCE' }, { code: 'INSTANCE_LAPSED', subject: 'commodore/a' }],
        },
      });
      await commodore.renewInstance({ ...known(id), ready: true });
      expect(await derive()).toMatchObject({ health: { state: ClusterHealthState.HEALTHY } });
    });
  });
}

for (const kind of ['embedded-postgres', 'postgres'] as const) {
  describeWith(kind, 'the registry', (server) => describeRegistry(() => server().url));
}
