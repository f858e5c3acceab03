import { CertificateAuthority } from '@frameworks/contracts/frameworks/navigator/v1/certificate_authority_pb';
import { createRpcGuard } from '@frameworks/identity/rpc';
import { formatSpiffeId } from '@frameworks/identity/spiffe';
import {
  createService,
  formatHostPort,
  formatMistakes,
  type ServiceDefinition,
  ServiceError,
  type ServiceScope,
} from '@frameworks/kit';
import { createReconciler } from '@frameworks/kit/reconciler';
import { createRpcServer } from '@frameworks/kit/rpc';
import { createUuidSource } from '@frameworks/std';
import { migrate } from '@frameworks/stores/sql/migrations/migrate';
import { openSql, type Sql } from '@frameworks/stores/sql/open-sql';
import { migrations } from '../migrations/index.ts';
import { Authorities } from './authorities/authorities.ts';
import { createAuthorityReconciler } from './authorities/authority-reconciler.ts';
import { createKeyVault, readCaSecret } from './authorities/ca-secret.ts';
import { writeTrustBundleFile } from './authorities/trust-bundle-file.ts';
import { OwnCertificate } from './certificates/own-certificate.ts';
import { listLifetimeMistakes, type NavigatorConfig, navigatorConfig } from './config.ts';
import { createNavigatorEvents } from './events.ts';
import { JoinTokenSeeding } from './join-tokens/seeding.ts';
import { Admission } from './rpc/admission.ts';
import type { RpcDeps } from './rpc/deps.ts';
import { createCertificateAuthorityHandlers } from './rpc/handlers.ts';
import type { NavigatorTables } from './tables.ts';

/** A change of the authorities is 0.2 s of work, but several Navigators do theirs one after the other. */
const opTimeoutMs = 60_000;
/** Each holds a database connection of five; a few may wait. */
const mostIssuing = 16;
/** A CSR is under 1 KiB and a bundle under 10 KiB; nobody needs to send this listener more. */
const maxMessageBytes = 64 * 1024;

/** The internal certificate authority as a service. */
export const navigator: ServiceDefinition<NavigatorConfig> = {
  name: 'navigator',
  plane: 'network',
  config: navigatorConfig,
  dependsOn: [],
  async create(config, deps) {
    const mistakes = listLifetimeMistakes(config);
    if (mistakes.length > 0) {
      throw new ServiceError('INVALID_ARGUMENT', 'CONFIG_INVALID', { message: formatMistakes('navigator', mistakes) });
    }
    return createService({ deps, stopTimeoutMs: config.stopTimeoutMs, start: (scope) => start(config, scope) });
  },
};

/** Store → authorities → own certificate → listener: each needs the one before. */
async function start(config: NavigatorConfig, scope: ServiceScope): Promise<Record<string, string>> {
  const sql = await openStore(config, scope);
  const parts = await createParts(config, scope, sql);
  await parts.keepAuthorities(scope.signal);
  await parts.seedJoinTokens();
  const address = await serve(config, scope, parts);
  scope.loop({ name: 'authorities', everyMs: config.reconcileIntervalMs, delayed: true, run: parts.keepAuthorities });
  scope.loop({
    name: 'join-tokens-file',
    everyMs: config.joinTokensIntervalMs,
    delayed: true,
    run: parts.seedJoinTokens,
  });
  return { grpc: address };
}

async function openStore(
  config: NavigatorConfig,
  { log, signal, onStop, check }: ServiceScope,
): Promise<Sql<NavigatorTables>> {
  const applicationName = `navigator/${config.instance}`;
  const sql = openSql<NavigatorTables>(config.databaseUrl, { schema: 'navigator', applicationName, log });
  onStop('close', 'database', () => sql.close());
  await migrate(sql, migrations, { log, signal });
  check('database', () => sql.ping());
  return sql;
}

interface Parts {
  readonly rpc: RpcDeps;
  readonly own: OwnCertificate;
  /** One turn: rotate what is due, keep the own certificate, publish the bundle. */
  keepAuthorities(signal: AbortSignal): Promise<void>;
  seedJoinTokens(): Promise<void>;
}

async function createParts(config: NavigatorConfig, scope: ServiceScope, { db }: Sql<NavigatorTables>): Promise<Parts> {
  const { clock } = scope;
  const { trustDomain, serviceLeafTtlMs, trustBundleFile, joinTokensFile } = config;
  const events = createNavigatorEvents(scope);
  const newId = createUuidSource(clock);
  const vault = createKeyVault(await readCaSecret(config.caSecretFile));
  const authorityDeps = { db, vault, policy: toPolicy(config), trustDomain, clock, newId, events };
  const driver = createReconciler(createAuthorityReconciler(authorityDeps), { ...scope, opTimeoutMs });
  const authorities = new Authorities(authorityDeps, driver);
  const seeding =
    joinTokensFile && new JoinTokenSeeding({ db, path: joinTokensFile, trustDomain, clock, newId, events });
  const seedJoinTokens = async () => {
    if (seeding) await seeding.run();
  };
  const issuance = { db, authorities, clock, events, serviceLeafTtlMs, seedJoinTokens, random: Math.random };
  const own = new OwnCertificate(
    issuance,
    formatSpiffeId({
      kind: 'service',
      domain: trustDomain,
      plane: 'network',
      service: 'navigator',
      instance: config.instance,
    }),
  );
  scope.check('authorities', () => void authorities.getBundle());
  return {
    rpc: { ...issuance, trustDomain, newId, admission: new Admission(mostIssuing) },
    own,
    keepAuthorities: async (signal) => {
      await authorities.reconcile(signal);
      await own.refresh();
      if (trustBundleFile) await writeTrustBundleFile(trustBundleFile, authorities.getBundle(), events);
    },
    seedJoinTokens,
  };
}

function toPolicy({ rootTtlMs, intermediateTtlMs, serviceLeafTtlMs, nodeLeafTtlMs }: NavigatorConfig) {
  return { rootTtlMs, intermediateTtlMs, longestLeafTtlMs: Math.max(serviceLeafTtlMs, nodeLeafTtlMs) };
}

async function serve(
  config: NavigatorConfig,
  { clock, log, metrics, onStop }: ServiceScope,
  { rpc, own }: Parts,
): Promise<string> {
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
  const address = formatHostPort(await server.start());
  onStop('accept', 'grpc', () => server.stop());
  return address;
}
