import { ClusterRegistry, InstanceRegistry } from '@frameworks/contracts/frameworks/quartermaster/v1/registry_pb';
import { createRpcGuard } from '@frameworks/identity/rpc';
import { StaticCertificateSource } from '@frameworks/identity/source/certificate-source';
import { createTestAuthority, testServiceId } from '@frameworks/identity/testing';
import { createMetrics, createSilentLogger } from '@frameworks/kit';
import { createRpcChannel, createRpcServer, type RpcChannel } from '@frameworks/kit/rpc';
import { systemClock } from '@frameworks/std';
import { migrate, openSql } from '@frameworks/stores/sql';
import { migrations } from '../../migrations/index.ts';
import { createRegistryEvents } from '../events.ts';
import type { QuartermasterDb, QuartermasterTables } from '../tables.ts';
import { createClusterRegistryHandlers, createInstanceRegistryHandlers } from './handlers.ts';

/** The registry's real handlers behind a real listener on a real database, for tests. */
export interface RegistryFixture extends AsyncDisposable {
  readonly db: QuartermasterDb;
  /** A channel that proves to be this instance. */
  channelOf(service: string, instance: string, plane?: string): Promise<RpcChannel>;
}

export async function startRegistry(databaseUrl: string, instanceLeaseMs: number): Promise<RegistryFixture> {
  const log = createSilentLogger();
  const sql = openSql<QuartermasterTables>(databaseUrl, { schema: 'quartermaster', applicationName: 'test', log });
  await migrate(sql, migrations, { log });
  const events = createRegistryEvents(log, createMetrics({ service: 'quartermaster' }));
  const context = { db: sql.db, events, instanceLeaseMs };
  const authority = await createTestAuthority();
  const credentials = new StaticCertificateSource(await authority.issue(testServiceId('quartermaster')));
  const server = createRpcServer({
    address: { host: '127.0.0.1', port: 0 },
    credentials,
    guard: createRpcGuard({ source: credentials, clock: systemClock }),
    log,
  })
    .add(InstanceRegistry, createInstanceRegistryHandlers(context))
    .add(ClusterRegistry, createClusterRegistryHandlers(context));
  const address = await server.start();
  const channels: RpcChannel[] = [];
  return {
    db: sql.db,
    async channelOf(service, instance, plane) {
      const own = new StaticCertificateSource(await authority.issue(testServiceId(service, plane, instance)));
      const channel = createRpcChannel({ address, credentials: own, expectPeer: testServiceId('quartermaster') });
      channels.push(channel);
      return channel;
    },
    async [Symbol.asyncDispose]() {
      for (const channel of channels) channel.close();
      await server.stop();
      await sql.close();
    },
  };
}
