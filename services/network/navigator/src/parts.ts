import { formatSpiffeId } from '@frameworks/identity/spiffe';
import type { ServiceScope } from '@frameworks/kit';
import { createReconciler } from '@frameworks/kit/reconciler';
import { createUuidSource } from '@frameworks/std';
import type { Sql } from '@frameworks/stores/sql/open-sql';
import { Authorities } from './authorities/authorities.ts';
import { createAuthorityReconciler } from './authorities/authority-reconciler.ts';
import { createKeyVault, readCaSecret } from './authorities/ca-secret.ts';
import type { AuthorityPolicy } from './authorities/plan-authorities.ts';
import { writeTrustBundleFile } from './authorities/trust-bundle-file.ts';
import { OwnCertificate } from './certificates/own-certificate.ts';
import type { NavigatorConfig } from './config.ts';
import { createNavigatorEvents } from './events.ts';
import { JoinTokenSeeding } from './join-tokens/seeding.ts';
import { removeEndedRecords } from './retention.ts';
import { Admission } from './rpc/admission.ts';
import { AttemptLimit } from './rpc/attempt-limit.ts';
import type { RpcDeps } from './rpc/deps.ts';
import type { NavigatorTables } from './tables.ts';

/** A change of the authorities is 0.2 s of work, but several Navigators do theirs one after the other. */
const opTimeoutMs = 60_000;
/** Each holds a database connection of five; a few may wait. */
const mostIssuing = 16;
/** Of strangers, all together: far more than honest mistakes need, far less than the database notices. */
const failedJoins = { perSecond: 20, burst: 40 };

/** What Navigator is made of, without listener and loops. */
export interface Parts {
  readonly rpc: RpcDeps;
  readonly own: OwnCertificate;
  /** One turn: rotate what is due, keep the own certificate, publish the bundle. */
  keepAuthorities(signal: AbortSignal): Promise<void>;
  /** Takes over join tokens made elsewhere since the last look. */
  seedJoinTokens(): Promise<void>;
  /** Removes records whose retention is over. */
  removeEndedRecords(signal: AbortSignal): Promise<void>;
}

/** Builds everything in order of need; starts nothing. */
export async function createParts(
  config: NavigatorConfig,
  scope: ServiceScope,
  { db }: Sql<NavigatorTables>,
): Promise<Parts> {
  const { clock } = scope;
  const { trustDomain, serviceLeafTtlMs, trustBundleFile, retentionMs } = config;
  const events = createNavigatorEvents(scope);
  const shared = { db, clock, events, trustDomain, retentionMs, newId: createUuidSource(clock) };
  const vault = createKeyVault(await readCaSecret(config.caSecretFile));
  const authorityDeps = { ...shared, vault, policy: toPolicy(config) };
  const driver = createReconciler(createAuthorityReconciler(authorityDeps), { ...scope, opTimeoutMs });
  const authorities = new Authorities(authorityDeps, driver);
  const seedJoinTokens = createSeeding(config, shared);
  const issuance = { ...shared, authorities, serviceLeafTtlMs, seedJoinTokens, random: Math.random };
  const own = new OwnCertificate(issuance, ownSpiffeId(config));
  return {
    rpc: { ...issuance, admission: new Admission(mostIssuing), attempts: new AttemptLimit({ ...failedJoins, clock }) },
    own,
    keepAuthorities: async (signal) => {
      await authorities.reconcile(signal);
      await own.refresh();
      if (trustBundleFile) await writeTrustBundleFile(trustBundleFile, authorities.getBundle(), events);
    },
    seedJoinTokens,
    removeEndedRecords: (signal) => removeEndedRecords(shared, signal),
  };
}

function createSeeding(
  { joinTokensFile }: NavigatorConfig,
  shared: Omit<ConstructorParameters<typeof JoinTokenSeeding>[0], 'path'>,
): () => Promise<void> {
  if (joinTokensFile === undefined) return async () => undefined;
  const seeding = new JoinTokenSeeding({ ...shared, path: joinTokensFile });
  return () => seeding.run();
}

function ownSpiffeId({ trustDomain: domain, instance }: NavigatorConfig) {
  return formatSpiffeId({ kind: 'service', domain, plane: 'network', service: 'navigator', instance });
}

function toPolicy({ rootTtlMs, intermediateTtlMs, serviceLeafTtlMs, nodeLeafTtlMs }: NavigatorConfig): AuthorityPolicy {
  return { rootTtlMs, intermediateTtlMs, longestLeafTtlMs: Math.max(serviceLeafTtlMs, nodeLeafTtlMs) };
}
