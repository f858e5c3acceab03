import { CertificateAuthority } from '@frameworks/contracts/frameworks/navigator/v1/certificate_authority_pb';
import { createRpcGuard } from '@frameworks/identity/rpc';
import { createService, type ServiceDefinition, type ServiceScope } from '@frameworks/kit';
import { formatHostPort, type HostPort } from '@frameworks/kit/config';
import { createRpcServer } from '@frameworks/kit/rpc';
import { migrate, openSql, type Sql } from '@frameworks/stores/sql';
import { migrations } from '../migrations/index.ts';
import { type NavigatorConfig, navigatorConfig } from './config.ts';
import { createParts, type Parts } from './parts.ts';
import { register } from './registration.ts';
import { createCertificateAuthorityHandlers } from './rpc/handlers.ts';
import type { NavigatorTables } from './tables.ts';

/** A CSR is under 1 KiB and a bundle under 10 KiB; nobody needs to send this listener more. */
const maxMessageBytes = 64 * 1024;

/** Nobody waits for a record to go. */
const retentionIntervalMs = 600_000;

/** The internal certificate authority as a service. */
export const navigator: ServiceDefinition<NavigatorConfig> = {
  name: 'navigator',
  plane: 'network',
  config: navigatorConfig,
  dependsOn: [],
  async create(config, deps) {
    const { stopTimeoutMs } = config;
    const ready = async () => (await service.health()).ready;
    const service = createService({ deps, stopTimeoutMs, start: (scope) => start(config, scope, ready) });
    return service;
  },
};

/** Store → authorities → own certificate → listener: each needs the one before. */
async function start(
  config: NavigatorConfig,
  scope: ServiceScope,
  ready: () => Promise<boolean>,
): Promise<Record<string, string>> {
  const sql = await openStore(config, scope);
  const parts = await createParts(config, scope, sql);
  const { keepAuthorities, seedJoinTokens, removeEndedRecords, rpc, own } = parts;
  await keepAuthorities(scope.signal);
  await seedJoinTokens();
  const address = await serve(config, scope, parts);
  scope.check('authorities', async () => void (await rpc.authorities.getIssuer()));
  scope.loop({ name: 'authorities', everyMs: config.reconcileIntervalMs, delayed: true, run: keepAuthorities });
  scope.loop({ name: 'join-tokens', everyMs: config.joinTokensIntervalMs, delayed: true, run: seedJoinTokens });
  scope.loop({ name: 'retention', everyMs: retentionIntervalMs, run: removeEndedRecords });
  register(config, scope, { credentials: own.source, address, ready });
  return { grpc: formatHostPort(address) };
}

async function openStore(config: NavigatorConfig, scope: ServiceScope): Promise<Sql<NavigatorTables>> {
  const { log, signal, onStop, check } = scope;
  const applicationName = `navigator/${config.instance}`;
  const sql = openSql<NavigatorTables>(config.databaseUrl, { schema: 'navigator', applicationName, log });
  onStop('close', 'database', () => sql.close());
  await migrate(sql, migrations, { log, signal });
  check('database', () => sql.ping());
  return sql;
}

async function serve(config: NavigatorConfig, scope: ServiceScope, { rpc, own }: Parts): Promise<HostPort> {
  const { clock, log, metrics, onStop } = scope;
  const server = createRpcServer({
    address: config.grpcAddress,
    credentials: own.source,
    // Joining is what one does before having a certificate; the authorization table says what else nobody may.
    clientCertificates: 'optional',
    guard: createRpcGuard({ source: own.source, clock }),
    limits: { maxMessageBytes },
    log,
    metrics,
  }).add(CertificateAuthority, createCertificateAuthorityHandlers(rpc));
  const address = await server.start();
  onStop('accept', 'grpc', () => server.stop());
  return address;
}
