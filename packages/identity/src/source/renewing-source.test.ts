import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServiceError } from '@frameworks/kit/errors';
import { createSilentLogger } from '@frameworks/kit/log';
import { FakeClock } from '@frameworks/std';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Authority, createIntermediate, createRoot } from '../ca/authority.ts';
import { issueLeaf } from '../ca/issue.ts';
import { testDomain, testServiceId } from '../testing.ts';
import { StaticCertificateSource, toCredential } from './certificate-source.ts';
import { RenewingCertificateSource, type RenewingSourceOptions } from './renewing-source.ts';

const startMs = Date.UTC(2030, 0, 1);
const hourMs = 3_600_000;
const spiffeId = testServiceId('commodore');
let root: Authority;
let intermediate: Authority;
let directory: string;

beforeAll(async () => {
  root = await createRoot({ domain: testDomain, nowMs: startMs });
  intermediate = await createIntermediate(root, { domain: testDomain, nowMs: startMs });
});
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'identity-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** A CA that can be away, on a clock of its own. */
function createCa(clock: FakeClock) {
  const ca = {
    away: false,
    requests: 0,
    renew: async (csrPem: string) => {
      ca.requests++;
      if (ca.away) throw new ServiceError('UNAVAILABLE', 'CA_NOT_READY', { message: 'away' });
      const { certificateChainPem } = await issueLeaf(intermediate, { csrPem, spiffeId, nowMs: clock.now() });
      return { certificateChainPem, trustBundlePem: root.certificatePem };
    },
  };
  return ca;
}

function createSource(
  clock: FakeClock,
  options: Pick<RenewingSourceOptions, 'renew'> & Partial<RenewingSourceOptions>,
) {
  return new RenewingCertificateSource({ clock, log: createSilentLogger(), random: () => 0.999, ...options });
}

/** Real cryptography runs between two sleeps; wait for the next one before moving time on. */
async function advance(clock: FakeClock, ms: number) {
  await clock.whenSleeping();
  await clock.advance(ms);
}

describe('RenewingCertificateSource', () => {
  it('obtains a certificate, renews it at half life with a new key, and tells subscribers', async () => {
    const clock = new FakeClock(startMs);
    const ca = createCa(clock);
    const source = createSource(clock, ca);
    const told = new Promise((resolve) => source.subscribe(resolve));
    await source.start();
    const first = source.current();
    expect(first).toMatchObject({ spiffeId, notAfterMs: startMs + 72 * hourMs });
    await advance(clock, 36 * hourMs - 1);
    expect(ca.requests).toBe(1);
    const renewed = new Promise<unknown>((resolve) => source.subscribe(resolve));
    await clock.advance(1);
    await renewed;
    await told;
    expect(ca.requests).toBe(2);
    expect(source.current()?.privateKeyPem).not.toBe(first?.privateKeyPem);
    expect(source.current()?.notAfterMs).toBe(startMs + (36 + 72) * hourMs);
    await source.stop();
  });

  it('keeps serving the old one while the CA is away, backs off, says so, and recovers', async () => {
    const clock = new FakeClock(startMs);
    const ca = createCa(clock);
    const source = createSource(clock, {
      ...ca,
      renew: (csr) => ca.renew(csr),
      retry: { baseMs: 1_000, maxMs: 8_000 },
    });
    await source.start();
    const first = source.current();
    ca.away = true;
    await advance(clock, 36 * hourMs);
    for (let n = 0; n < 10; n++) await advance(clock, 8_000);
    expect(source.current()).toBe(first);
    expect(ca.requests).toBeGreaterThan(6);
    expect(ca.requests).toBeLessThan(20);
    expect(source.health()).toMatchObject({ ok: true, detail: expect.stringContaining('CA_NOT_READY') });
    ca.away = false;
    const renewed = new Promise((resolve) => source.subscribe(resolve));
    await advance(clock, 8_000);
    await renewed;
    expect(source.current()).not.toBe(first);
    await clock.whenSleeping();
    expect(source.health().detail).not.toContain('fails');
    await source.stop();
  });

  it('reports an ended certificate as not ok', async () => {
    const clock = new FakeClock(startMs);
    const ca = createCa(clock);
    const source = createSource(clock, { renew: (csr) => ca.renew(csr) });
    await source.start();
    ca.away = true;
    clock.setNow(startMs + 73 * hourMs);
    expect(source.health()).toMatchObject({ ok: false, timeLeftMs: -hourMs });
    await source.stop();
  });

  it('fails to start within its deadline when there is no CA, naming the reason', async () => {
    const clock = new FakeClock(startMs);
    const ca = createCa(clock);
    ca.away = true;
    const source = createSource(clock, { renew: (csr) => ca.renew(csr), retry: { baseMs: 500, maxMs: 1_000 } });
    let outcome: unknown;
    source.start(3_000).catch((error: unknown) => {
      outcome = error;
    });
    // The deadline and the first backoff; before that, making a key takes real time, which must not count.
    await clock.whenSleeping(2);
    for (let n = 0; n < 2_000 && outcome === undefined; n++) await clock.advance(10);
    expect(outcome).toMatchObject({
      reason: 'CERTIFICATE_UNAVAILABLE',
      message: expect.stringContaining('CA_NOT_READY'),
    });
  });

  it('does not hang on a CA that never answers', async () => {
    const clock = new FakeClock(startMs);
    const source = createSource(clock, { renew: () => new Promise(() => {}) });
    const started = source.start(1_000).catch((error: unknown) => error);
    await clock.whenSleeping(2);
    await clock.advance(1_000);
    expect(await started).toMatchObject({ reason: 'CERTIFICATE_UNAVAILABLE' });
  });

  it('restarts from its file without the CA, and keeps the file private', async () => {
    const clock = new FakeClock(startMs);
    const file = join(directory, 'deep', 'identity.json');
    const ca = createCa(clock);
    const before = createSource(clock, { renew: (csr) => ca.renew(csr), file });
    await before.start();
    await before.stop();
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(directory, 'deep'))).toEqual(['identity.json']);
    ca.away = true;
    const after = createSource(clock, { renew: (csr) => ca.renew(csr), file });
    await after.start();
    expect(after.current()).toEqual(before.current());
    expect(ca.requests).toBe(1);
    await after.stop();
  });

  it('obtains a new one when the file is damaged or its certificate has ended', async () => {
    const clock = new FakeClock(startMs);
    const file = join(directory, 'identity.json');
    const ca = createCa(clock);
    for (const spoil of [
      () => writeFile(file, '{"certificateChainPem":'),
      async () => clock.setNow(startMs + 100 * hourMs),
    ]) {
      const source = createSource(clock, { renew: (csr) => ca.renew(csr), file });
      await source.start();
      await source.stop();
      const requests = ca.requests;
      await spoil();
      const again = createSource(clock, { renew: (csr) => ca.renew(csr), file });
      await again.start();
      await again.stop();
      expect(ca.requests).toBe(requests + 1);
    }
    expect(JSON.parse(await readFile(file, 'utf8'))).toHaveProperty('trustBundlePem');
  });

  it('does not ask in a circle when leaves are shorter than they are backdated', async () => {
    const clock = new FakeClock(startMs);
    let requests = 0;
    const source = createSource(clock, {
      renew: async (csrPem) => {
        requests++;
        const request = { csrPem, spiffeId, nowMs: clock.now(), lifetimeMs: 60_000 };
        const { certificateChainPem } = await issueLeaf(intermediate, request);
        return { certificateChainPem, trustBundlePem: root.certificatePem };
      },
    });
    await source.start();
    await advance(clock, 29_999);
    expect(requests).toBe(1);
    await clock.advance(1);
    await clock.whenSleeping();
    expect(requests).toBe(2);
    await source.stop();
  });

  it('renews an ended certificate for the same key, and hands it over as proof', async () => {
    const clock = new FakeClock(startMs);
    const file = join(directory, 'identity.json');
    const ca = createCa(clock);
    const before = createSource(clock, { renew: (csr) => ca.renew(csr), file, keepKey: true });
    await before.start();
    await before.stop();
    clock.setNow(startMs + 1_000 * hourMs);
    let proof: unknown;
    const renew: RenewingSourceOptions['renew'] = (csr, _, previous) => {
      proof = previous;
      return ca.renew(csr);
    };
    const after = createSource(clock, { renew, file, keepKey: true });
    await after.start();
    expect(proof).toEqual(before.current());
    expect(after.current()?.privateKeyPem).toBe(before.current()?.privateKeyPem);
    await after.stop();
  });

  it('keeps its key when told to, and renews at once when nudged', async () => {
    const clock = new FakeClock(startMs);
    const ca = createCa(clock);
    const source = createSource(clock, { renew: (csr) => ca.renew(csr), keepKey: true });
    await source.start();
    const first = source.current();
    await clock.whenSleeping();
    const renewed = new Promise((resolve) => source.subscribe(resolve));
    source.renewNow();
    await renewed;
    expect(source.current()?.certificateChainPem).not.toBe(first?.certificateChainPem);
    expect(source.current()?.privateKeyPem).toBe(first?.privateKeyPem);
    await source.stop();
  });
});

describe('StaticCertificateSource', () => {
  it('refuses a key of another certificate and keeps what it has', async () => {
    const clock = new FakeClock(startMs);
    const [a, b] = [createSource(clock, createCa(clock)), createSource(clock, createCa(clock))];
    await Promise.all([a.start(), b.start()]);
    await Promise.all([a.stop(), b.stop()]);
    const [one, two] = [a.current(), b.current()];
    if (!one || !two) throw new Error('started without a certificate');
    const source = new StaticCertificateSource(one);
    expect(() => source.replace({ ...one, privateKeyPem: two.privateKeyPem })).toThrow('another certificate');
    expect(() => toCredential({ ...one, trustBundlePem: '' })).toThrow('trust bundle is empty');
    expect(source.current()).toEqual(one);
  });
});
