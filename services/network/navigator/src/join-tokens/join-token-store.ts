import { assertDefined } from '@frameworks/std';
import type { Selectable } from 'kysely';
import type { JoinTokensTable, NavigatorDb } from '../tables.ts';
import type { JoinToken, JoinTokenFacts, JoinTokenIn, JoinTokenState } from './join-token.ts';

const columns = [
  'id',
  'spiffe_id',
  'state',
  'created_unix_ms',
  'expires_unix_ms',
  'used_unix_ms',
  'key_sha256',
  'created_by',
] as const;

type JoinTokenRow = Pick<Selectable<JoinTokensTable>, (typeof columns)[number]>;

/** A token by the hash of its secret: the only way in for somebody who wants to use it. */
export async function findJoinTokenBySecret(db: NavigatorDb, secretSha256: Uint8Array): Promise<JoinToken | undefined> {
  const row = await db
    .selectFrom('join_tokens')
    .select(columns)
    .where('secret_sha256', '=', Buffer.from(secretSha256))
    .executeTakeFirst();
  return row && toJoinToken(row);
}

export async function findJoinToken(db: NavigatorDb, id: string): Promise<JoinToken | undefined> {
  const row = await db.selectFrom('join_tokens').select(columns).where('id', '=', id).executeTakeFirst();
  return row && toJoinToken(row);
}

/** `false`: a token with this secret exists, and stays as it is. */
export async function insertJoinToken(
  db: NavigatorDb,
  token: JoinTokenFacts,
  secretSha256: Uint8Array,
): Promise<boolean> {
  const inserted = await db
    .insertInto('join_tokens')
    .values({
      id: token.id,
      secret_sha256: Buffer.from(secretSha256),
      spiffe_id: token.spiffeId,
      state: 'active',
      created_unix_ms: token.createdUnixMs,
      expires_unix_ms: token.expiresUnixMs,
      used_unix_ms: null,
      key_sha256: null,
      created_by: token.createdBy,
    })
    .onConflict((conflict) => conflict.column('secret_sha256').doNothing())
    .returning('id')
    .executeTakeFirst();
  return inserted !== undefined;
}

/** Writes active → exhausted. `false`: it was not active any more, somebody was faster. */
export async function saveExhausted(db: NavigatorDb, token: JoinTokenIn<'exhausted'>): Promise<boolean> {
  const updated = await db
    .updateTable('join_tokens')
    .set({ state: 'exhausted', used_unix_ms: token.usedUnixMs, key_sha256: Buffer.from(token.keySha256) })
    .where('id', '=', token.id)
    .where('state', '=', 'active')
    .returning('id')
    .executeTakeFirst();
  return updated !== undefined;
}

/** Writes active → revoked. `false`: it was not active any more. */
export async function saveRevoked(db: NavigatorDb, token: JoinTokenIn<'revoked'>): Promise<boolean> {
  const updated = await db
    .updateTable('join_tokens')
    .set({ state: 'revoked' })
    .where('id', '=', token.id)
    .where('state', '=', 'active')
    .returning('id')
    .executeTakeFirst();
  return updated !== undefined;
}

/**
 * At most `limit` of those that could not be used any more before the time, the oldest first; not one whose certificates are still
 * on record. Resolves to how many.
 */
export async function deleteEndedJoinTokens(db: NavigatorDb, endedBeforeMs: number, limit: number): Promise<number> {
  const ended = db
    .selectFrom('join_tokens')
    .select('id')
    .where('expires_unix_ms', '<', endedBeforeMs)
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('certificates').select('serial').whereRef('join_token_id', '=', 'join_tokens.id'))),
    )
    .orderBy('expires_unix_ms')
    .limit(limit)
    // Another Navigator may be removing the same ones.
    .forUpdate()
    .skipLocked();
  const { numDeletedRows } = await db.deleteFrom('join_tokens').where('id', 'in', ended).executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}

export interface JoinTokenPage {
  /** State at `nowMs`; undefined: all. */
  readonly state: JoinTokenState | undefined;
  readonly nowMs: number;
  /** Ids are UUIDv7, so the id alone is the order of creation. */
  readonly beforeId: string | undefined;
  readonly limit: number;
}

/** Newest first. */
export async function listJoinTokens(db: NavigatorDb, page: JoinTokenPage): Promise<JoinToken[]> {
  let query = db.selectFrom('join_tokens').select(columns).orderBy('id', 'desc').limit(page.limit);
  if (page.beforeId !== undefined) query = query.where('id', '<', page.beforeId);
  if (page.state === 'active') query = query.where('state', '=', 'active').where('expires_unix_ms', '>', page.nowMs);
  // Expired is what an active token reads as once its time is over; nobody writes it.
  else if (page.state === 'expired')
    query = query.where('state', '=', 'active').where('expires_unix_ms', '<=', page.nowMs);
  else if (page.state !== undefined) query = query.where('state', '=', page.state);
  return (await query.execute()).map(toJoinToken);
}

function toJoinToken(row: JoinTokenRow): JoinToken {
  const facts = {
    id: row.id,
    spiffeId: row.spiffe_id,
    createdUnixMs: row.created_unix_ms,
    expiresUnixMs: row.expires_unix_ms,
    createdBy: row.created_by,
  };
  if (row.state === 'active' || row.state === 'revoked') return { ...facts, state: row.state };
  return {
    ...facts,
    state: 'exhausted',
    usedUnixMs: assertDefined(row.used_unix_ms, `use of join token ${row.id}`),
    keySha256: assertDefined(row.key_sha256, `key of join token ${row.id}`),
  };
}
