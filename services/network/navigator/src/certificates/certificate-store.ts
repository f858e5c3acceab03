import { type Selectable, sql } from 'kysely';
import type { CertificatesTable, NavigatorDb } from '../tables.ts';
import type { CertificateRecord, CertificateState, ListedCertificate } from './certificate.ts';

export async function insertCertificate(db: NavigatorDb, certificate: CertificateRecord): Promise<void> {
  await db
    .insertInto('certificates')
    .values({
      serial: certificate.serial,
      spiffe_id: certificate.spiffeId,
      key_sha256: Buffer.from(certificate.keySha256),
      issuer_id: certificate.issuerId,
      join_token_id: certificate.joinTokenId ?? null,
      not_before_unix_ms: certificate.notBeforeUnixMs,
      not_after_unix_ms: certificate.notAfterUnixMs,
      issued_unix_ms: certificate.issuedUnixMs,
    })
    .execute();
}

/** At most `limit` of those that ended before the time, the oldest first. Resolves to how many. */
export async function deleteEndedCertificates(db: NavigatorDb, endedBeforeMs: number, limit: number): Promise<number> {
  const ended = db
    .selectFrom('certificates')
    .select('serial')
    .where('not_after_unix_ms', '<', endedBeforeMs)
    .orderBy('not_after_unix_ms')
    .limit(limit)
    // Another Navigator may be removing the same ones.
    .forUpdate()
    .skipLocked();
  const { numDeletedRows } = await db.deleteFrom('certificates').where('serial', 'in', ended).executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}

/** Where a page begins: just below this row in the order (issued, serial), both descending. */
export interface CertificatePosition {
  readonly issuedUnixMs: number;
  readonly serial: string;
}

export interface CertificatePage {
  /** Only identities that begin so; empty: all. */
  readonly spiffeIdPrefix: string;
  readonly state: CertificateState | undefined;
  readonly nowMs: number;
  readonly before: CertificatePosition | undefined;
  readonly limit: number;
}

/** A later certificate of the same identity exists. */
const isSuperseded = sql<boolean>`exists (
  select from certificates later where later.spiffe_id = certificates.spiffe_id
  and (later.issued_unix_ms, later.serial) > (certificates.issued_unix_ms, certificates.serial))`;

/** Newest first. */
export async function listCertificates(db: NavigatorDb, page: CertificatePage): Promise<ListedCertificate[]> {
  let query = db
    .selectFrom('certificates')
    .select(['serial', 'spiffe_id', 'not_before_unix_ms', 'not_after_unix_ms', 'issued_unix_ms'])
    .select(isSuperseded.as('superseded'))
    .orderBy('issued_unix_ms', 'desc')
    .orderBy('serial', 'desc')
    .limit(page.limit);
  if (page.spiffeIdPrefix !== '') query = query.where(sql<boolean>`starts_with(spiffe_id, ${page.spiffeIdPrefix})`);
  if (page.before) {
    const { issuedUnixMs, serial } = page.before;
    query = query.where(sql<boolean>`(issued_unix_ms, serial) < (${issuedUnixMs}, ${serial})`);
  }
  if (page.state === 'expired') query = query.where('not_after_unix_ms', '<=', page.nowMs);
  else if (page.state !== undefined) query = query.where('not_after_unix_ms', '>', page.nowMs);
  if (page.state === 'valid') query = query.where(sql<boolean>`not ${isSuperseded}`);
  if (page.state === 'superseded') query = query.where(isSuperseded);
  return (await query.execute()).map((row) => toListed(row, page.nowMs));
}

type ListedRow = Pick<
  Selectable<CertificatesTable>,
  'serial' | 'spiffe_id' | 'not_before_unix_ms' | 'not_after_unix_ms' | 'issued_unix_ms'
> & { superseded: boolean };

function toListed(row: ListedRow, nowMs: number): ListedCertificate {
  const notAfterUnixMs = row.not_after_unix_ms;
  return {
    serial: row.serial,
    spiffeId: row.spiffe_id,
    notBeforeUnixMs: row.not_before_unix_ms,
    notAfterUnixMs,
    issuedUnixMs: row.issued_unix_ms,
    state: nowMs >= notAfterUnixMs ? 'expired' : row.superseded ? 'superseded' : 'valid',
  };
}
