import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CertificateAuthority } from '@frameworks/contracts/frameworks/navigator/v1/certificate_authority_pb';
import { obtainCertificateSource } from '@frameworks/identity/enrollment';
import type { CredentialSource } from '@frameworks/identity/source/certificate-source';
import { findPeerIdentity, formatSpiffeId, type SpiffeId } from '@frameworks/identity/spiffe';
import { hashSecret, mintSecret } from '@frameworks/identity/tokens';
import { type HostPort, parseConfig, parseHostPort, type Service } from '@frameworks/kit';
import { createSilentLogger, type Logger } from '@frameworks/kit/log';
import { createMetrics, type Metrics } from '@frameworks/kit/metrics';
import { createRpcClient } from '@frameworks/kit/rpc';
import { type Clock, systemClock } from '@frameworks/std';
import { navigator, navigatorConfig } from '../src/index.ts';
import { testDomain, testSecret } from './ca.ts';

export type CaClient = ReturnType<typeof createRpcClient<typeof CertificateAuthority>>;

/** Everything around one Navigator: its directory with secret, seed and bundle, as a launcher would lay it out. */
export class NavigatorFixture {
  readonly dir: string;
  readonly databaseUrl: string;
  readonly clock: Clock;
  readonly #clients: { close(): void }[] = [];
  readonly #seeds: { spiffeId: string; sha256: string; expiresAt: string }[] = [];

  constructor(options: { dir: string; databaseUrl: string; clock?: Clock }) {
    this.dir = options.dir;
    this.databaseUrl = options.databaseUrl;
    this.clock = options.clock ?? systemClock;
  }

  get bundleFile(): string {
    return join(this.dir, 'trust-bundle.pem');
  }

  /** The environment of one Navigator of this CA. */
  async env(overrides: Record<string, string> = {}): Promise<Record<string, string>> {
    const secretFile = join(this.dir, 'ca-secret');
    await writeFile(secretFile, testSecret, { flag: 'wx' }).catch(() => undefined);
    await writeFile(join(this.dir, 'join-tokens.json'), JSON.stringify(this.#seeds), { flag: 'wx' }).catch(
      () => undefined,
    );
    return {
      NAVIGATOR_GRPC_ADDRESS: '127.0.0.1:0',
      NAVIGATOR_DATABASE_URL: this.databaseUrl,
      NAVIGATOR_TRUST_DOMAIN: testDomain,
      NAVIGATOR_CA_SECRET_FILE: secretFile,
      NAVIGATOR_JOIN_TOKENS_FILE: join(this.dir, 'join-tokens.json'),
      NAVIGATOR_TRUST_BUNDLE_FILE: this.bundleFile,
      NAVIGATOR_JOIN_TOKENS_INTERVAL: '20ms',
      ...overrides,
    };
  }

  /** A Navigator in this process. */
  async start(overrides: Record<string, string> = {}, log: Logger = createSilentLogger()): Promise<RunningNavigator> {
    const config = parseConfig(navigatorConfig, await this.env(overrides));
    if (!config.ok) throw new Error(JSON.stringify(config.mistakes));
    const metrics = createMetrics({ service: 'navigator' });
    const service = await navigator.create(config.value, { log, clock: this.clock, metrics });
    try {
      await service.start();
    } catch (error) {
      await service.stop().catch(() => undefined);
      throw error;
    }
    const address = parseHostPort(service.addresses?.().grpc ?? '');
    if (!address) throw new Error('Navigator listens nowhere');
    return { service, address, metrics };
  }

  /** A join token as a launcher makes it: the hash to Navigator's file, the secret to the instance's. */
  async seedToken(spiffeId: SpiffeId, { ttlMs = 3_600_000 } = {}): Promise<{ secret: string; file: string }> {
    const secret = mintSecret('join_');
    const expiresAt = new Date(this.clock.now() + ttlMs).toISOString();
    this.#seeds.push({ spiffeId, sha256: hashSecret(secret), expiresAt });
    await writeFile(join(this.dir, 'join-tokens.json'), JSON.stringify(this.#seeds));
    const file = join(this.dir, `join-${randomUUID()}`);
    await writeFile(file, `${secret}\n`);
    return { secret, file };
  }

  /** A client that proves nothing. */
  async anonymous(address: HostPort): Promise<CaClient> {
    return this.#client(address, { trustBundlePem: await readFile(this.bundleFile, 'utf8') });
  }

  /** A client that is somebody. */
  as(address: HostPort, credentials: CredentialSource): CaClient {
    return this.#client(address, credentials);
  }

  /** An instance with its certificate from this CA, the way every service gets one. */
  async enroll(address: HostPort, spiffeId: SpiffeId, options: { joinTokenFile?: string; identityDir?: string } = {}) {
    const source = await obtainCertificateSource({
      spiffeId,
      navigatorAddress: address,
      trustBundleFile: this.bundleFile,
      joinTokenFile: options.joinTokenFile ?? (await this.seedToken(spiffeId)).file,
      identityDir: options.identityDir ?? join(this.dir, `identity-${randomUUID()}`),
      clock: this.clock,
      log: createSilentLogger(),
      signal: AbortSignal.timeout(15_000),
    });
    this.#clients.push({ close: () => void source.stop() });
    return source;
  }

  close(): void {
    for (const client of this.#clients.splice(0)) client.close();
  }

  #client(address: HostPort, credentials: Parameters<typeof createRpcClient>[1]['credentials']): CaClient {
    const client = createRpcClient(CertificateAuthority, {
      address,
      credentials,
      expectPeer: (uri) => findPeerIdentity(uri)?.domain === testDomain,
      deadlineMs: 10_000,
    });
    this.#clients.push(client);
    return client;
  }
}

export interface RunningNavigator {
  readonly service: Service;
  readonly address: HostPort;
  readonly metrics: Metrics;
}

export function serviceId(service: string, instance = `${service}-1`, plane = 'control'): SpiffeId {
  return formatSpiffeId({ kind: 'service', domain: testDomain, plane, service, instance });
}
