import { ServiceError } from '@frameworks/kit/errors';
import type { Logger } from '@frameworks/kit/log';
import { type Loop, runLoop } from '@frameworks/kit/loop';
import type { Clock } from '@frameworks/std';
import { exportPrivateKeyPem, generateKeyPair } from '../ca/keys.ts';
import { type Credential, type CredentialSource, StaticCertificateSource } from '../source/certificate-source.ts';
import type { KeptIdentity } from './identity-directory.ts';
import { type Joined, type JoiningOptions, joinByToken } from './joining.ts';
import { type Bundle, createNavigatorClient, type NavigatorClient } from './navigator-client.ts';
import { chooseTrust, readTrustFile, type Trust } from './trust.ts';

export interface CertificateSourceOptions extends JoiningOptions {
  readonly clock: Clock;
  readonly log: Logger;
}

/** Between looks at the clock and at the trust bundle: far below half of any lifetime that makes sense. */
const tickMs = 1_000;
/** Attempts to renew begin at half life, so there are days for them; a crowd must not ask every second. */
const retry = { baseMs: 1_000, maxMs: 60_000 };

/**
 * A certificate that stays valid: renewed at half life over mTLS with itself, or by the join token once it has run out; its trust
 * bundle follows Navigator's, so that a rotation of the CA reaches every instance without a restart. Connections ask it for the
 * current material. While Navigator is away everything goes on with what there is.
 */
export class NavigatorCertificateSource implements CredentialSource {
  readonly #options: CertificateSourceOptions;
  readonly #source = new StaticCertificateSource();
  readonly #ending = new AbortController();
  readonly #loops: Loop[] = [];
  #kept: KeptIdentity | undefined;
  #renewAtMonotonicMs = 0;
  #expiresMonotonicMs = 0;
  #navigator: NavigatorClient | undefined;

  /** Made by `obtainCertificateSource`. */
  constructor(options: CertificateSourceOptions) {
    this.#options = options;
  }

  current(): Credential | undefined {
    return this.#source.current();
  }

  subscribe(listener: (credential: Credential) => void): () => void {
    return this.#source.subscribe(listener);
  }

  /** For a health check: throws when the certificate has run out, else says until when it lasts. */
  check(): string {
    const leftMs = this.#expiresMonotonicMs - this.#options.clock.monotonic();
    if (leftMs <= 0) throw new Error('the certificate has run out and could not be renewed');
    return `valid for another ${Math.floor(leftMs / 60_000)} min`;
  }

  /** Ends renewal; the current certificate stays usable, so stop it after the last connection. */
  async stop(): Promise<void> {
    this.#ending.abort();
    await Promise.all(this.#loops.map((loop) => loop.stop()));
    this.#navigator?.close();
  }

  /** Takes over what an earlier run has kept, if it is still good. */
  async adoptKept(): Promise<boolean> {
    const { directory, spiffeId, trustBundleFile, clock } = this.#options;
    const kept = await directory.load();
    if (!kept || kept.credential.spiffeId !== spiffeId) return false;
    // Kept even if it has run out: its roots may be the only ones that Navigator still answers to.
    this.#kept = kept;
    const leftMs = kept.credential.notAfterMs - clock.now();
    const trust = chooseTrust(toTrust(kept), await readTrustFile(trustBundleFile));
    if (leftMs <= 0 || trust?.pem !== kept.credential.trustBundlePem) return false;
    this.#source.replace(kept.credential);
    this.#expiresMonotonicMs = clock.monotonic() + leftMs;
    this.#renewAtMonotonicMs = clock.monotonic() + Math.min(leftMs / 2, kept.renewAtUnixMs - clock.now());
    return true;
  }

  /** Gets a leaf by the join token. */
  async join(signal: AbortSignal): Promise<void> {
    const kept = this.#kept && toTrust(this.#kept);
    await this.#adopt(await joinByToken(this.#options, kept, signal), 'join_token');
  }

  /** Begins to renew and to follow the trust bundle. */
  startLoops(): void {
    const { clock, log } = this.#options;
    const common = { clock, log, signal: this.#ending.signal, everyMs: tickMs, retry };
    this.#loops.push(
      runLoop({ ...common, name: 'certificate-renewal', run: (signal) => this.#renewIfDue(signal) }),
      runLoop({ ...common, name: 'trust-bundle', run: (signal) => this.#followBundle(signal) }),
    );
  }

  async #renewIfDue(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    // Either clock: the monotonic one may stand still while a machine sleeps, the other may be set back.
    const due = clock.monotonic() >= this.#renewAtMonotonicMs || clock.now() >= (this.#kept?.renewAtUnixMs ?? 0);
    if (!due) return;
    const expired = clock.monotonic() >= this.#expiresMonotonicMs;
    if (expired || (await this.#caWasReplaced())) return await this.join(signal);
    try {
      await this.#renew(signal);
    } catch (error) {
      // Navigator did not take our leaf for one: to it we are nobody, however long we think it lasts.
      if (!(error instanceof ServiceError && error.reason === 'CERTIFICATE_REQUIRED')) throw error;
      await this.join(signal);
    }
  }

  async #renew(signal: AbortSignal): Promise<void> {
    const keys = await generateKeyPair();
    const leaf = await this.#getNavigator().issue(keys, '', signal);
    await this.#adopt({ leaf, privateKeyPem: await exportPrivateKeyPem(keys.privateKey) }, 'leaf');
  }

  /** One connection for renewal and bundle, made with whatever leaf is current when it is (re)made. */
  #getNavigator(): NavigatorClient {
    const { navigatorAddress: address, trustDomain } = this.#options;
    this.#navigator ??= createNavigatorClient({ address, trustDomain, credentials: this.#source });
    return this.#navigator;
  }

  /** The trust file speaks of another CA, later than our last answer: our leaf proves nothing to it. */
  async #caWasReplaced(): Promise<boolean> {
    const kept = this.#kept && toTrust(this.#kept);
    return chooseTrust(kept, await readTrustFile(this.#options.trustBundleFile)) !== kept;
  }

  async #followBundle(signal: AbortSignal): Promise<void> {
    const known = this.#kept?.bundleGeneration ?? 0;
    for await (const bundle of this.#getNavigator().watchBundle(known, signal)) await this.#adoptBundle(bundle);
  }

  async #adopt({ leaf, privateKeyPem }: Joined, proof: 'join_token' | 'leaf'): Promise<void> {
    const { clock, log, spiffeId } = this.#options;
    const { certificateChainPem, bundle } = leaf;
    // A renewal's answer may have been overtaken by the stream; a join starts over, with whatever CA there is now.
    const newer =
      proof === 'leaf' && this.#kept && this.#kept.bundleGeneration > bundle.generation ? this.#kept : undefined;
    const trustBundlePem = newer?.credential.trustBundlePem ?? bundle.pem;
    const credential = this.#source.replace({ certificateChainPem, privateKeyPem, trustBundlePem });
    this.#expiresMonotonicMs = clock.monotonic() + leaf.ttlMs;
    this.#renewAtMonotonicMs = clock.monotonic() + leaf.renewAfterMs;
    log.info(
      { event: 'certificate_obtained', proof, spiffeId, notAfterUnixMs: credential.notAfterMs },
      'certificate obtained',
    );
    await this.#keep({
      credential,
      bundleGeneration: newer?.bundleGeneration ?? bundle.generation,
      renewAtUnixMs: Math.floor(clock.now() + leaf.renewAfterMs),
    });
  }

  async #adoptBundle({ pem, generation }: Bundle): Promise<void> {
    const kept = this.#kept;
    if (!kept || generation <= kept.bundleGeneration) return;
    const credential = this.#source.replace({ ...kept.credential, trustBundlePem: pem });
    this.#options.log.info({ event: 'trust_bundle_followed', generation }, 'trust bundle followed');
    await this.#keep({ ...kept, credential, bundleGeneration: generation });
  }

  /** In memory first: a full disk must not keep a good certificate from being used. */
  async #keep(identity: Omit<KeptIdentity, 'savedUnixMs'>): Promise<void> {
    const kept = { ...identity, savedUnixMs: Math.floor(this.#options.clock.now()) };
    this.#kept = kept;
    await this.#options.directory.save(kept);
  }
}

function toTrust({ credential, bundleGeneration, savedUnixMs }: KeptIdentity): Trust {
  return { pem: credential.trustBundlePem, generation: bundleGeneration, sinceUnixMs: savedUnixMs };
}
