import { ListenerKind } from '@frameworks/contracts/frameworks/common/v1/endpoint_pb';
import { ClusterRegistry, InstanceRegistry } from '@frameworks/contracts/frameworks/quartermaster/v1/registry_pb';
import { obtainCertificateSource } from '@frameworks/identity/enrollment';
import { createRpcGuard } from '@frameworks/identity/rpc';
import type { CredentialSource } from '@frameworks/identity/source/certificate-source';
import { formatSpiffeId, type SpiffeId } from '@frameworks/identity/spiffe';
import { createService, type ServiceDefinition, type ServiceScope } from '@frameworks/kit';
import { formatHostPort, type HostPort } from '@frameworks/kit/config';
import { createReconciler } from '@frameworks/kit/reconciler';
import { createRegistration } from '@frameworks/kit/registration';
import { createRpcChannel, createRpcServer } from '@frameworks/kit/rpc';
import { LeaderElection, openKv } from '@frameworks/stores/kv';
import { migrate, openSql, type Sql } from '@frameworks/stores/sql';
import { migrations } from '../migrations/index.ts';
import { saveHealthObserved } from './clusters/cluster-store.ts';
import { createHealthReconciler } from './clusters/health-reconciler.ts';
import { type QuartermasterConfig, quartermasterConfig } from './config.ts';
import { createRegistryEvents, type RegistryEvents } from './events.ts';
import { forgetInstances } from './instances/instance-store.ts';
import { createClusterRegistryHandlers, createInstanceRegistryHandlers } from './rpc/handlers.ts';
import type { QuartermasterTables } from './tables.ts';

/** Writing one cluster's health is one statement. */
const opTimeoutMs = 5_000;
/** The largest request is a registration with eight addresses. */
const maxMessageBytes = 64 * 1024;
const forgetEveryMs = 60_000;
/** The kv of the central services: not a media cell's. */
const cell = 'central';

/** The registry: clusters and service instances so far. */
export const quartermaster: ServiceDefinition<QuartermasterConfig> = {
  name: 'quartermaster',
  plane: 'control',
  config: quartermasterConfig,
  dependsOn: ['navigator'],
  create: async (config, deps) =>
    createService({ deps, stopTimeoutMs: config.stopTimeoutMs, start: (scope) => start(config, scope) }),
};

/** Stores → certificate → listener → housekeeping: each needs the ones before. */
async function start(config: QuartermasterConfig, scope: ServiceScope): Promise<Record<string, string>> {
  const sql = await openStore(config, scope);
  const events = createRegistryEvents(scope.log, scope.metrics);
  const leader = await openElection(config, scope);
  const credentials = await obtainCredentials(config, scope);
  const address = await serve(config, scope, { sql, events, credentials });
  keepHouse(config, scope, { sql, events, leader });
  register(config, scope, { credentials, address });
  return { grpc: formatHostPort(address) };
}

async function openStore(config: QuartermasterConfig, scope: ServiceScope): Promise<Sql<QuartermasterTables>> {
  const { log, signal } = scope;
  const applicationName = `quartermaster/${config.instance}`;
  const sql = openSql<QuartermasterTables>(config.databaseUrl, { schema: 'quartermaster', applicationName, log });
  scope.onStop('close', 'database', () => sql.close());
  await migrate(sql, migrations, { log, signal });
  scope.check('database', () => sql.ping());
  return sql;
}

async function openElection(config: QuartermasterConfig, scope: ServiceScope): Promise<LeaderElection> {
  const { clock, log } = scope;
  const kv = await openKv(config.kvUrl, { cell, clock, log });
  scope.onStop('close', 'kv', () => kv.close());
  // Not a readiness check: without the kv only the housekeeping pauses, the registry goes on answering.
  const key = kv.key('leader', 'quartermaster');
  const leader = new LeaderElection({ kv, key, owner: config.instance, ttlMs: config.leaderLeaseMs, clock, log });
  scope.onStop('loops', 'leader election', () => leader.stop());
  leader.start();
  return leader;
}

async function obtainCredentials(config: QuartermasterConfig, scope: ServiceScope): Promise<CredentialSource> {
  const { clock, log, signal } = scope;
  const source = await obtainCertificateSource({ ...config, spiffeId: toSpiffeId(config), clock, log, signal });
  scope.onStop('close', 'certificate renewal', () => source.stop());
  scope.check('certificate', () => source.check());
  return source;
}

function toSpiffeId({ trustDomain: domain, instance }: QuartermasterConfig): SpiffeId {
  return formatSpiffeId({ kind: 'service', domain, plane: 'control', service: 'quartermaster', instance });
}

interface ServeParts {
  readonly sql: Sql<QuartermasterTables>;
  readonly events: RegistryEvents;
  readonly credentials: CredentialSource;
}

async function serve(config: QuartermasterConfig, scope: ServiceScope, parts: ServeParts): Promise<HostPort> {
  const { log, metrics, clock } = scope;
  const context = { db: parts.sql.db, events: parts.events, instanceLeaseMs: config.instanceLeaseMs };
  const server = createRpcServer({
    address: config.grpcAddress,
    credentials: parts.credentials,
    guard: createRpcGuard({ source: parts.credentials, clock }),
    limits: { maxMessageBytes },
    log,
    metrics,
    clock,
  })
    .add(InstanceRegistry, createInstanceRegistryHandlers(context))
    .add(ClusterRegistry, createClusterRegistryHandlers(context));
  const address = await server.start();
  scope.onStop('accept', 'grpc', () => server.stop());
  return address;
}

interface HouseParts {
  readonly sql: Sql<QuartermasterTables>;
  readonly events: RegistryEvents;
  readonly leader: LeaderElection;
}

/** What one Quartermaster does for all: the one that leads. */
function keepHouse(config: QuartermasterConfig, scope: ServiceScope, { sql, events, leader }: HouseParts): void {
  const { db } = sql;
  const reconciler = createHealthReconciler(db, events, () => scope.clock.now());
  const driver = createReconciler(reconciler, { ...scope, opTimeoutMs });
  const health = scope.loop({
    name: 'cluster-health',
    everyMs: config.healthIntervalMs,
    run: async (signal) => {
      if (leader.leadership() === undefined) return;
      const { failed } = await driver.reconcile(signal);
      if (failed === 0) await saveHealthObserved(db);
    },
  });
  const subscription = leader.subscribe(({ kind }) => kind === 'leader' && health.nudge());
  scope.onStop('loops', 'leader subscription', () => subscription[Symbol.dispose]());
  scope.loop({
    name: 'forget-instances',
    everyMs: forgetEveryMs,
    run: async () => {
      if (leader.leadership() === undefined) return;
      const count = await forgetInstances(db, config.instanceRetentionMs);
      if (count > 0) events.instancesForgotten(count);
    },
  });
}

interface RegisterParts {
  readonly credentials: CredentialSource;
  readonly address: HostPort;
}

/** A Quartermaster is an instance like any other, and says so the same way: over gRPC, to itself. */
function register(config: QuartermasterConfig, scope: ServiceScope, { credentials, address }: RegisterParts): void {
  const { clock, metrics } = scope;
  const channel = createRpcChannel({ address, credentials, expectPeer: toSpiffeId(config), metrics, clock });
  const registration = createRegistration({
    channel,
    service: 'quartermaster',
    instance: config.instance,
    clusterId: 'control',
    addresses: [{ kind: ListenerKind.GRPC, ...address }],
    ready: async () => true,
    clock,
  });
  scope.onStop('close', 'registration channel', () => channel.close());
  // Newer than the listener's step of the same phase, so it comes first: the goodbye needs the listener.
  scope.onStop('accept', 'registration', () => registration.end());
  scope.loop(registration.loop);
}
