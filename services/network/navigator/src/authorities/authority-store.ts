import { assert } from '@frameworks/std';
import { type Selectable, sql } from 'kysely';
import type { CertificateAuthoritiesTable, NavigatorDb, TrustBundlesTable } from '../tables.ts';
import type { Authority, TrustBundle } from './authority.ts';

/** An authority with its key as stored; undefined once retired. */
export interface StoredAuthority extends Authority {
  readonly sealedKey: string | undefined;
}

/** Any fixed number; the lock belongs to the database and nobody else takes it. "navi" in ASCII. */
const authoritiesLock = 0x6e617669;

/**
 * Changes of the authorities happen one at a time: held until the transaction ends. On a server without advisory locks the
 * unique (kind, generation) still lets only one of two Navigators win.
 */
export async function lockAuthorities(db: NavigatorDb): Promise<void> {
  await sql`select pg_advisory_xact_lock(${authoritiesLock})`.execute(db);
}

/** All that ever were, by kind and generation. A few dozen in a platform's life. */
export async function listAuthorities(db: NavigatorDb): Promise<StoredAuthority[]> {
  const rows = await db
    .selectFrom('certificate_authorities')
    .select([
      'id',
      'kind',
      'generation',
      'issuer_id',
      'trust_domain',
      'certificate_pem',
      'sealed_key',
      'not_before_unix_ms',
      'not_after_unix_ms',
      'created_unix_ms',
      'signs_from_unix_ms',
      'retired_unix_ms',
    ])
    .orderBy('kind')
    .orderBy('generation')
    .execute();
  return rows.map(toAuthority);
}

/** Throws on a second authority of the same kind and generation: somebody else made it. */
export async function insertAuthority(db: NavigatorDb, authority: StoredAuthority): Promise<void> {
  await db
    .insertInto('certificate_authorities')
    .values({
      id: authority.id,
      kind: authority.kind,
      generation: authority.generation,
      issuer_id: authority.issuerId ?? null,
      trust_domain: authority.trustDomain,
      certificate_pem: authority.certificatePem,
      sealed_key: authority.sealedKey ?? null,
      not_before_unix_ms: authority.notBeforeUnixMs,
      not_after_unix_ms: authority.notAfterUnixMs,
      created_unix_ms: authority.createdUnixMs,
      signs_from_unix_ms: authority.signsFromUnixMs,
      retired_unix_ms: authority.retiredUnixMs ?? null,
    })
    .execute();
}

/** Destroys the key and keeps the record. Retiring a retired one changes nothing. */
export async function retireAuthority(db: NavigatorDb, id: string, nowMs: number): Promise<void> {
  await db
    .updateTable('certificate_authorities')
    .set({ retired_unix_ms: nowMs, sealed_key: null })
    .where('id', '=', id)
    .where('retired_unix_ms', 'is', null)
    .execute();
}

/** The newest generation; undefined before the first. */
export async function findLatestTrustBundle(db: NavigatorDb): Promise<TrustBundle | undefined> {
  const row = await db
    .selectFrom('trust_bundles')
    .select(['generation', 'created_unix_ms', 'root_ids', 'intermediate_ids'])
    .orderBy('generation', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row && toTrustBundle(row);
}

/** Throws on a generation that exists: somebody else published it. */
export async function insertTrustBundle(db: NavigatorDb, bundle: TrustBundle): Promise<void> {
  await db
    .insertInto('trust_bundles')
    .values({
      generation: bundle.generation,
      created_unix_ms: bundle.createdUnixMs,
      root_ids: [...bundle.rootIds],
      intermediate_ids: [...bundle.intermediateIds],
    })
    .execute();
}

function toAuthority(row: Selectable<CertificateAuthoritiesTable>): StoredAuthority {
  assert(row.kind === 'root' || row.kind === 'intermediate', `authority ${row.id} is of unknown kind ${row.kind}`);
  return {
    id: row.id,
    kind: row.kind,
    generation: row.generation,
    issuerId: row.issuer_id ?? undefined,
    trustDomain: row.trust_domain,
    certificatePem: row.certificate_pem,
    sealedKey: row.sealed_key ?? undefined,
    notBeforeUnixMs: row.not_before_unix_ms,
    notAfterUnixMs: row.not_after_unix_ms,
    createdUnixMs: row.created_unix_ms,
    signsFromUnixMs: row.signs_from_unix_ms,
    retiredUnixMs: row.retired_unix_ms ?? undefined,
  };
}

function toTrustBundle(row: Selectable<TrustBundlesTable>): TrustBundle {
  return {
    generation: row.generation,
    createdUnixMs: row.created_unix_ms,
    rootIds: row.root_ids,
    intermediateIds: row.intermediate_ids,
  };
}
