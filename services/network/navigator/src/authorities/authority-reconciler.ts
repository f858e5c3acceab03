import { X509Certificate } from 'node:crypto';
import { createIntermediate, createRoot, type Authority as SigningAuthority } from '@frameworks/identity/ca/authority';
import { ServiceError } from '@frameworks/kit/errors';
import type { Reconciler } from '@frameworks/kit/reconciler';
import { assert, type Clock } from '@frameworks/std';
import type { Kysely } from 'kysely';
import type { NavigatorEvents } from '../events.ts';
import type { NavigatorDb, NavigatorTables } from '../tables.ts';
import type { TrustBundle } from './authority.ts';
import {
  findLatestTrustBundle,
  insertAuthority,
  insertTrustBundle,
  listAuthorities,
  lockAuthorities,
  retireAuthority,
  type StoredAuthority,
} from './authority-store.ts';
import type { KeyVault } from './ca-secret.ts';
import { type AuthorityOperation, type AuthorityPolicy, planAuthorities } from './plan-authorities.ts';

export interface AuthorityReconcilerDeps {
  readonly db: Kysely<NavigatorTables>;
  readonly vault: KeyVault;
  readonly policy: AuthorityPolicy;
  readonly trustDomain: string;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly events: NavigatorEvents;
}

export interface StoredSnapshot {
  readonly authorities: readonly StoredAuthority[];
  readonly bundle: TrustBundle | undefined;
}

type AuthorityReconciler = Reconciler<AuthorityPolicy, StoredSnapshot, AuthorityOperation>;

/** Keeps the CA able to sign. Any number of Navigators may run it on one database at once. */
export function createAuthorityReconciler(deps: AuthorityReconcilerDeps): AuthorityReconciler {
  return {
    name: 'authorities',
    observe: async () => ({ desired: deps.policy, actual: await readSnapshot(deps.db, deps) }),
    plan: (policy, snapshot) => ({ ops: planAuthorities(deps.clock.now(), snapshot, policy), skips: [] }),
    apply: (operation) => applyGuarded(operation, deps),
    describe: (operation) => ({ kind: operation.kind, target: targetOf(operation) }),
  };
}

/**
 * Everything, proven to be ours before anything may be planned on it: with another secret or another trust domain this Navigator
 * would make a second CA beside the first.
 */
export async function readSnapshot(
  db: NavigatorDb,
  { vault, trustDomain }: Pick<AuthorityReconcilerDeps, 'vault' | 'trustDomain'>,
): Promise<StoredSnapshot> {
  const authorities = await listAuthorities(db);
  const foreign = authorities.find((authority) => authority.trustDomain !== trustDomain);
  if (foreign) {
    throw new ServiceError('FAILED_PRECONDITION', 'TRUST_DOMAIN_MISMATCH', {
      message: `this database holds the CA of ${foreign.trustDomain}; NAVIGATOR_TRUST_DOMAIN says ${trustDomain}. Nothing was changed.`,
    });
  }
  for (const authority of authorities) if (authority.sealedKey !== undefined) await vault.open(authority);
  return { authorities, bundle: await findLatestTrustBundle(db) };
}

/** Under the lock the plan is made again: what another Navigator has done meanwhile is not planned any more. */
async function applyGuarded(operation: AuthorityOperation, deps: AuthorityReconcilerDeps): Promise<void> {
  const nowMs = deps.clock.now();
  const applied = await deps.db.transaction().execute(async (tx) => {
    await lockAuthorities(tx);
    const snapshot = await readSnapshot(tx, deps);
    const stillPlanned = planAuthorities(nowMs, snapshot, deps.policy).find((planned) => isSame(planned, operation));
    if (stillPlanned) await applyOperation(tx, stillPlanned, { snapshot, nowMs, deps });
    return stillPlanned;
  });
  if (applied) deps.events.authorityChanged(applied);
}

interface Circumstances {
  readonly snapshot: StoredSnapshot;
  readonly nowMs: number;
  readonly deps: AuthorityReconcilerDeps;
}

async function applyOperation(db: NavigatorDb, operation: AuthorityOperation, at: Circumstances): Promise<void> {
  switch (operation.kind) {
    case 'create_root':
      return await insertAuthority(db, await makeRoot(operation, at));
    case 'issue_intermediate':
      return await insertAuthority(db, await makeIntermediate(operation, at));
    case 'retire':
      return await retireAuthority(db, operation.authorityId, at.nowMs);
    case 'publish_bundle': {
      const { generation, rootIds, intermediateIds } = operation;
      return await insertTrustBundle(db, { generation, rootIds, intermediateIds, createdUnixMs: at.nowMs });
    }
  }
}

type OperationOf<K extends AuthorityOperation['kind']> = Extract<AuthorityOperation, { kind: K }>;

async function makeRoot(
  operation: OperationOf<'create_root'>,
  { nowMs, deps }: Circumstances,
): Promise<StoredAuthority> {
  const root = await createRoot({ domain: deps.trustDomain, nowMs, lifetimeMs: deps.policy.rootTtlMs });
  return {
    ...(await toStored(root, { nowMs, deps })),
    kind: 'root',
    generation: operation.generation,
    issuerId: undefined,
    signsFromUnixMs: operation.signsFromUnixMs,
  };
}

async function makeIntermediate(
  operation: OperationOf<'issue_intermediate'>,
  { snapshot, nowMs, deps }: Circumstances,
): Promise<StoredAuthority> {
  const root = snapshot.authorities.find((authority) => authority.id === operation.rootId);
  assert(root?.sealedKey, `root ${operation.rootId} has no key`);
  const signer = { certificatePem: root.certificatePem, privateKeyPem: await deps.vault.open(root) };
  const options = { domain: deps.trustDomain, nowMs, lifetimeMs: deps.policy.intermediateTtlMs };
  return {
    ...(await toStored(await createIntermediate(signer, options), { nowMs, deps })),
    kind: 'intermediate',
    generation: operation.generation,
    issuerId: root.id,
    signsFromUnixMs: nowMs,
  };
}

async function toStored(
  { certificatePem, privateKeyPem }: SigningAuthority,
  { nowMs, deps }: Omit<Circumstances, 'snapshot'>,
) {
  const id = deps.newId();
  const certificate = new X509Certificate(certificatePem);
  return {
    id,
    trustDomain: deps.trustDomain,
    certificatePem,
    sealedKey: await deps.vault.seal(id, privateKeyPem),
    notBeforeUnixMs: certificate.validFromDate.getTime(),
    notAfterUnixMs: certificate.validToDate.getTime(),
    createdUnixMs: nowMs,
    retiredUnixMs: undefined,
  };
}

/** The same intent, whatever the moment it was planned at. */
function isSame(a: AuthorityOperation, b: AuthorityOperation): boolean {
  return a.kind === b.kind && targetOf(a) === targetOf(b);
}

function targetOf(operation: AuthorityOperation): string {
  return operation.kind === 'retire' ? operation.authorityId : `generation ${operation.generation}`;
}
