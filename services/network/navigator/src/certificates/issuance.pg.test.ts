import { createHash, randomUUID } from 'node:crypto';
import { formatSpiffeId } from '@frameworks/identity/spiffe';
import { createUuidSource, FakeClock } from '@frameworks/std';
import type { Sql } from '@frameworks/stores/sql';
import { describeWith, type ServiceKind } from '@frameworks/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTestCa, never, newCsr, testDomain } from '../../testing/ca.ts';
import { createDatabase, openNavigatorSql } from '../../testing/database.ts';
import { revokeJoinToken } from '../join-tokens/join-token.ts';
import { findJoinToken, insertJoinToken, listJoinTokens, saveRevoked } from '../join-tokens/join-token-store.ts';
import type { NavigatorTables } from '../tables.ts';
import { listCertificates } from './certificate-store.ts';
import { type IssuanceDeps, issueForIdentity, issueForJoinToken } from './issuance.ts';

const spiffeId = formatSpiffeId({
  kind: 'service',
  domain: testDomain,
  plane: 'control',
  service: 'quartermaster',
  instance: 'qm-1',
});
const ttlMs = 60_000;

for (const kind of ['embedded-postgres', 'postgres'] satisfies ServiceKind[]) {
  describeWith(kind, 'issuance', (server) => {
    let sql: Sql<NavigatorTables>;
    let clock: FakeClock;
    let ca: IssuanceDeps;
    let newId: () => string;

    beforeEach(async () => {
      sql = await openNavigatorSql(await createDatabase(server().url));
      clock = new FakeClock();
      newId = createUuidSource(clock);
      ca = createTestCa({ sql, clock });
      await ca.authorities.reconcile(never);
    });
    afterEach(() => sql.close());

    async function newToken(): Promise<{ id: string; secret: string }> {
      const secret = `join_${randomUUID()}`;
      const nowMs = clock.now();
      const facts = { id: newId(), spiffeId, createdUnixMs: nowMs, expiresUnixMs: nowMs + ttlMs, createdBy: 'test' };
      await insertJoinToken(sql.db, facts, createHash('sha256').update(secret).digest());
      return { id: facts.id, secret };
    }

    async function listAll() {
      const page = { spiffeIdPrefix: '', state: undefined, nowMs: clock.now(), before: undefined, limit: 500 };
      return await listCertificates(sql.db, page);
    }

    test('a token gives its identity, once per key, again and again for that key', async () => {
      const { id, secret } = await newToken();
      const csr = await newCsr();
      const first = await issueForJoinToken(ca, csr, secret);
      expect(first).toMatchObject({
        certificate: { spiffeId, joinTokenId: id },
        ttlMs: 240_000,
        renewAfterMs: 120_000,
      });
      expect(first.chainDer).toHaveLength(2);
      expect(await findJoinToken(sql.db, id)).toMatchObject({ state: 'exhausted', usedUnixMs: clock.now() });
      const again = await issueForJoinToken(ca, csr, secret);
      expect(again.certificate).toMatchObject({ spiffeId });
      expect(again.certificate.serial).not.toBe(first.certificate.serial);
      await expect(issueForJoinToken(ca, await newCsr(), secret)).rejects.toMatchObject({
        code: 'FAILED_PRECONDITION',
        reason: 'JOIN_TOKEN_USED',
      });
      expect(await listAll()).toHaveLength(2);
    });

    test('unknown, expired and revoked tokens are told apart', async () => {
      const csr = await newCsr();
      await expect(issueForJoinToken(ca, csr, 'join_nobody')).rejects.toMatchObject({
        code: 'UNAUTHENTICATED',
        reason: 'JOIN_TOKEN_INVALID',
      });
      const revoked = await newToken();
      const token = await findJoinToken(sql.db, revoked.id);
      if (token) expect(await saveRevoked(sql.db, revokeJoinToken(token))).toBe(true);
      await expect(issueForJoinToken(ca, csr, revoked.secret)).rejects.toMatchObject({ reason: 'JOIN_TOKEN_REVOKED' });
      const used = await newToken();
      await issueForJoinToken(ca, csr, used.secret);
      const unused = await newToken();
      await clock.advance(ttlMs);
      await ca.authorities.reconcile(never);
      for (const { secret } of [used, unused]) {
        await expect(issueForJoinToken(ca, csr, secret)).rejects.toMatchObject({
          code: 'UNAUTHENTICATED',
          reason: 'JOIN_TOKEN_EXPIRED',
        });
      }
      expect(await listAll()).toHaveLength(1);
    });

    test('of ten keys at once exactly one gets the token', async () => {
      const { secret } = await newToken();
      const csrs = await Promise.all(Array.from({ length: 10 }, newCsr));
      const outcomes = await Promise.allSettled(csrs.map((csr) => issueForJoinToken(ca, csr, secret)));
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const outcome of outcomes)
        if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ reason: 'JOIN_TOKEN_USED' });
      expect(await listAll()).toHaveLength(1);
    });

    test('of ten repeats of one key at once all succeed', async () => {
      const { secret } = await newToken();
      const csr = await newCsr();
      await Promise.all(Array.from({ length: 10 }, () => issueForJoinToken(ca, csr, secret)));
      expect(await listAll()).toHaveLength(10);
    });

    test('use and revocation at once: one of them wins, and both agree which', async () => {
      for (let round = 0; round < 8; round++) {
        const { id, secret } = await newToken();
        const token = await findJoinToken(sql.db, id);
        if (!token) throw new Error('the token is gone');
        const [use, revoked] = await Promise.allSettled([
          issueForJoinToken(ca, await newCsr(), secret),
          saveRevoked(sql.db, revokeJoinToken(token)),
        ]);
        expect(revoked).toMatchObject({ status: 'fulfilled', value: use.status === 'rejected' });
        expect((await findJoinToken(sql.db, id))?.state).toBe(use.status === 'rejected' ? 'revoked' : 'exhausted');
      }
    });

    test('lists: newest first, without gaps or repeats, by state and prefix', async () => {
      const other = formatSpiffeId({ kind: 'foghorn', domain: testDomain, instance: 'f1' });
      const serials: string[] = [];
      for (let i = 0; i < 7; i++) {
        // Pairs share a millisecond.
        if (i % 2 === 0) await clock.advance(1_000);
        const issued = await issueForIdentity(ca, await newCsr(), {
          spiffeId: i === 6 ? other : spiffeId,
          proof: 'leaf',
        });
        serials.push(issued.certificate.serial);
      }
      const all = await listAll();
      expect(all.map(({ serial }) => serial).toSorted()).toEqual(serials.toSorted());
      const paged: string[] = [];
      for (let before = undefined as (typeof all)[number] | undefined; ; ) {
        const rows = await listCertificates(sql.db, {
          spiffeIdPrefix: '',
          state: undefined,
          nowMs: clock.now(),
          before,
          limit: 2,
        });
        paged.push(...rows.map(({ serial }) => serial));
        before = rows.at(-1);
        if (!before) break;
      }
      expect(paged).toEqual(all.map(({ serial }) => serial));
      expect(
        all
          .filter(({ state }) => state === 'valid')
          .map((one) => one.spiffeId)
          .toSorted(),
      ).toEqual([spiffeId, other].toSorted());
      for (const state of ['valid', 'superseded', 'expired'] as const) {
        const page = { spiffeIdPrefix: '', state, nowMs: clock.now(), before: undefined, limit: 100 };
        expect(await listCertificates(sql.db, page)).toEqual(all.filter((one) => one.state === state));
      }
      const prefixed = {
        spiffeIdPrefix: `spiffe://${testDomain}/foghorn/`,
        state: undefined,
        nowMs: clock.now(),
        before: undefined,
        limit: 9,
      };
      expect((await listCertificates(sql.db, prefixed)).map((one) => one.spiffeId)).toEqual([other]);
      expect(await listCertificates(sql.db, { ...prefixed, spiffeIdPrefix: '%' })).toEqual([]);
      await clock.advance(300_000);
      expect((await listAll()).every(({ state }) => state === 'expired')).toBe(true);
    });

    test('tokens are listed by the state they read as', async () => {
      const used = await newToken();
      await issueForJoinToken(ca, await newCsr(), used.secret);
      const waiting = await newToken();
      const list = async (state: 'active' | 'exhausted' | 'expired' | 'revoked' | undefined) =>
        (await listJoinTokens(sql.db, { state, nowMs: clock.now(), beforeId: undefined, limit: 9 })).map(
          ({ id }) => id,
        );
      expect(await list(undefined)).toEqual([waiting.id, used.id]);
      expect(await list('active')).toEqual([waiting.id]);
      await clock.advance(ttlMs);
      expect(await list('active')).toEqual([]);
      expect(await list('expired')).toEqual([waiting.id]);
      expect(await list('exhausted')).toEqual([used.id]);
    });
  });
}
