import { verifyPeer } from '@frameworks/identity/ca/verify';
import { formatSpiffeId } from '@frameworks/identity/spiffe';
import { FakeClock } from '@frameworks/std';
import type { Sql } from '@frameworks/stores/sql';
import { describeWith, type ServiceKind } from '@frameworks/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTestCa, never, newCsr, shortPolicy, testDomain, testSecret } from '../../testing/ca.ts';
import { createDatabase, openNavigatorSql } from '../../testing/database.ts';
import { issueForIdentity } from '../certificates/issuance.ts';
import type { NavigatorTables } from '../tables.ts';
import { findLatestTrustBundle, listAuthorities } from './authority-store.ts';
import { toBundlePem } from './trust-view.ts';

const spiffeId = formatSpiffeId({ kind: 'foghorn', domain: testDomain, instance: 'f1' });

for (const kind of ['embedded-postgres', 'postgres'] satisfies ServiceKind[]) {
  describeWith(kind, 'authorities', (server) => {
    let url: string;
    let sql: Sql<NavigatorTables>;
    let clock: FakeClock;

    beforeEach(async () => {
      url = await createDatabase(server().url);
      sql = await openNavigatorSql(url);
      clock = new FakeClock();
    });
    afterEach(() => sql.close());

    async function countByKind(): Promise<Record<string, number>> {
      const authorities = await listAuthorities(sql.db);
      return Object.fromEntries(
        ['root', 'intermediate'].map((one) => [one, authorities.filter((a) => a.kind === one).length]),
      );
    }

    test('the first start makes a root, an intermediate and a bundle; a restart keeps them', async () => {
      const first = createTestCa({ sql, clock });
      await first.authorities.reconcile(never);
      const bundle = first.authorities.getBundle();
      expect(bundle).toMatchObject({ trustDomain: testDomain, roots: [{}], intermediates: [{}] });
      const restarted = createTestCa({ sql, clock });
      await restarted.authorities.reconcile(never);
      expect(restarted.authorities.getBundle()).toEqual(bundle);
      expect(await countByKind()).toEqual({ root: 1, intermediate: 1 });
    });

    test('before anything is there, it says so', async () => {
      const { authorities } = createTestCa({ sql, clock });
      expect(() => authorities.getBundle()).toThrow(expect.objectContaining({ reason: 'CA_NOT_READY' }));
      expect(() => authorities.getSigningRootPem()).toThrow(expect.objectContaining({ reason: 'CA_NOT_READY' }));
      await expect(authorities.getIssuer()).rejects.toMatchObject({ code: 'UNAVAILABLE', reason: 'CA_NOT_READY' });
    });

    test('six Navigators starting at once make one root between them', async () => {
      const opened = await Promise.all(Array.from({ length: 6 }, () => openNavigatorSql(url)));
      try {
        const cas = opened.map((one) => createTestCa({ sql: one, clock }));
        await Promise.all(cas.map(({ authorities }) => authorities.reconcile(never)));
        expect(await countByKind()).toEqual({ root: 1, intermediate: 1 });
        const generations = new Set(cas.map(({ authorities }) => authorities.getBundle().generation));
        expect(generations.size).toBe(1);
        const issuers = new Set(
          (await Promise.all(cas.map(({ authorities }) => authorities.getIssuer()))).map(({ id }) => id),
        );
        expect(issuers.size).toBe(1);
      } finally {
        await Promise.all(opened.map((one) => one.close()));
      }
    });

    test('another secret: a clear error, and nothing changes, not even when something is due', async () => {
      await createTestCa({ sql, clock }).authorities.reconcile(never);
      await clock.advance(shortPolicy.intermediateTtlMs / 2);
      const before = { authorities: await listAuthorities(sql.db), bundle: await findLatestTrustBundle(sql.db) };
      const wrong = createTestCa({ sql, clock, secret: `${testSecret} or not` });
      await expect(wrong.authorities.reconcile(never)).rejects.toMatchObject({
        code: 'FAILED_PRECONDITION',
        reason: 'CA_SECRET_WRONG',
        message: expect.stringContaining('NAVIGATOR_CA_SECRET_FILE'),
      });
      expect({ authorities: await listAuthorities(sql.db), bundle: await findLatestTrustBundle(sql.db) }).toEqual(
        before,
      );
    });

    test('another trust domain: a clear error', async () => {
      await createTestCa({ sql, clock }).authorities.reconcile(never);
      const other = createTestCa({ sql, clock, trustDomain: 'other.test' });
      await expect(other.authorities.reconcile(never)).rejects.toMatchObject({ reason: 'TRUST_DOMAIN_MISMATCH' });
    });

    test('over three roots every leaf verifies for its whole life, with whatever bundle its bearer got', async () => {
      const ca = createTestCa({ sql, clock });
      const held: { chainPem: string; trustBundlePem: string; untilMs: number }[] = [];
      for (
        const startMs = clock.now();
        clock.now() < startMs + shortPolicy.rootTtlMs * 2;
        await clock.advance(60_000)
      ) {
        await ca.authorities.reconcile(never);
        const { chainPem, bundle, certificate } = await issueForIdentity(ca, await newCsr(), {
          spiffeId,
          proof: 'leaf',
        });
        expect(certificate.notAfterUnixMs - clock.now()).toBe(shortPolicy.longestLeafTtlMs);
        held.push({ chainPem, trustBundlePem: toBundlePem(bundle), untilMs: certificate.notAfterUnixMs });
        // Renewal is at half life; whoever still lives has, at worst, the bundle of its own leaf.
        const living = held.filter(({ untilMs }) => clock.now() < untilMs);
        for (const one of living) {
          verifyPeer({ chainPem: one.chainPem, trustBundlePem: toBundlePem(bundle), nowMs: clock.now() });
          verifyPeer({ chainPem, trustBundlePem: one.trustBundlePem, nowMs: clock.now() });
        }
      }
      expect(await countByKind()).toMatchObject({ root: 4 });
      const authorities = await listAuthorities(sql.db);
      // A key that signs no more is gone.
      expect(authorities.filter((one) => one.sealedKey !== undefined).length).toBeLessThanOrEqual(3);
      const generations = await sql.db.selectFrom('trust_bundles').select('generation').orderBy('generation').execute();
      expect(generations.map((row) => row.generation)).toEqual(generations.map((_, index) => index + 1));
    }, 120_000);

    test('a bundle is waited for until it comes, or until nobody waits any more', async () => {
      const { authorities } = createTestCa({ sql, clock });
      const first = authorities.waitForBundle(0, never);
      await authorities.reconcile(never);
      const { generation } = authorities.getBundle();
      expect(await first).toMatchObject({ generation });
      const leaving = new AbortController();
      const given = authorities.waitForBundle(generation, leaving.signal);
      leaving.abort();
      expect(await given).toBeUndefined();
      const next = authorities.waitForBundle(generation, never);
      await clock.advance(shortPolicy.intermediateTtlMs / 2);
      await authorities.reconcile(never);
      expect((await next)?.generation).toBeGreaterThan(generation);
    });
  });
}
