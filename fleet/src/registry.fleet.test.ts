import { ListenerKind } from '@frameworks/contracts/frameworks/common/v1/endpoint_pb';
import {
  ClusterHealthState,
  ClusterRegistry,
  InstanceRegistry,
  InstanceState,
} from '@frameworks/contracts/frameworks/quartermaster/v1/registry_pb';
import { IdentityDirectory } from '@frameworks/identity/enrollment/identity-directory';
import { expectService } from '@frameworks/identity/rpc';
import { StaticCertificateSource } from '@frameworks/identity/source/certificate-source';
import { parseHostPort } from '@frameworks/kit';
import { createRpcChannel, type RpcChannel } from '@frameworks/kit/rpc';
import { settle } from '@frameworks/testkit';
import { describe, expect, it } from 'vitest';
import { describeProcesses } from '../testing/describe-processes.ts';
import { TestFleet } from '../testing/test-fleet.ts';
import type { FleetMode } from './fleet-file.ts';
import { layOut } from './layout.ts';
import { trustDomain } from './service.ts';

/** To the fleet's registry, in Quartermaster's own name: every service may ask, and this one's certificate is at hand. */
async function openRegistry(fleet: TestFleet, mode: FleetMode): Promise<RpcChannel> {
  const identity = await new IdentityDirectory(layOut(fleet.dataDir, mode).identityDir('quartermaster')).load();
  const address = parseHostPort(addressOf(fleet, 'quartermaster'));
  if (!identity || !address) throw new Error('Quartermaster has no identity or no address');
  const credentials = new StaticCertificateSource(identity.credential);
  return createRpcChannel({ address, credentials, expectPeer: expectService(trustDomain, 'quartermaster') });
}

function addressOf(fleet: TestFleet, service: string): string {
  return fleet.describe().services.find(({ name }) => name === service)?.grpc ?? '';
}

async function expectEverybodyListed(mode: FleetMode): Promise<void> {
  await using fleet = await TestFleet.start({ mode });
  const channel = await openRegistry(fleet, mode);
  try {
    const registry = channel.client(InstanceRegistry);
    const live = await settle(
      async () => {
        const { instances } = await registry.listInstances({ state: InstanceState.LIVE });
        return instances.length === 2 && instances.every(({ ready }) => ready) ? instances : undefined;
      },
      { timeoutMs: 20_000, describe: 'two live and ready instances' },
    );
    expect(live?.map(({ service, instanceId, clusterId }) => `${clusterId} ${service} ${instanceId}`)).toEqual([
      'control navigator navigator-1',
      'control quartermaster quartermaster-1',
    ]);
    const [host, port] = addressOf(fleet, 'navigator').split(':');
    expect(live?.[0]?.addresses).toMatchObject([{ kind: ListenerKind.GRPC, host, port: Number(port) }]);
    const clusters = channel.client(ClusterRegistry);
    await settle(
      async () => {
        const { cluster } = await clusters.getCluster({ clusterId: 'control' });
        return cluster?.health?.state === ClusterHealthState.HEALTHY;
      },
      { timeoutMs: 20_000, describe: 'the cluster control is healthy' },
    );
  } finally {
    channel.close();
  }
}

describe('the registry of a fleet in one process', () => {
  it('lists every service as live and ready, and calls their cluster healthy', async () => {
    await expectEverybodyListed('embedded');
  }, 120_000);
});

describeProcesses('the registry of a fleet in processes', () => {
  it('lists every service as live and ready, and calls their cluster healthy', async () => {
    await expectEverybodyListed('processes');
  }, 120_000);
});
