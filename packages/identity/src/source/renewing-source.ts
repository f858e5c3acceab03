import { ServiceError, toServiceError } from '@frameworks/kit/errors';
import type { Logger } from '@frameworks/kit/log';
import { backoff, type Clock, isAbort, withDeadline } from '@frameworks/std';
import { backdateMs } from '../ca/authority.ts';
import { createCsr } from '../ca/csr.ts';
import { exportPrivateKeyPem, importKeyPair } from '../ca/keys.ts';
import { type Credential, type CredentialSource, StaticCertificateSource } from './certificate-source.ts';
import { loadCredential, saveCredential } from './credential-file.ts';

/** What an issuer answers to a request: the chain and what to trust. The key never leaves the requester. */
export interface Issued {
  certificateChainPem: string;
  trustBundlePem: string;
}

export interface RenewingSourceOptions {
  /**
   * Asks the CA, proving itself by token or by `previous`: the last certificate there was, perhaps ended, which counts for nodes.
   * Must obey the signal.
   */
  renew: (csrPem: string, signal: AbortSignal, previous: Credential | undefined) => Promise<Issued>;
  clock: Clock;
  log: Logger;
  /** Keeps key and chain over restarts, so that a start needs no CA while the leaf is good. */
  file?: string;
  /** Renew for the same key instead of a new one each time: nodes, whose key is on record. Default false. */
  keepKey?: boolean;
  /** Wait after failure n, milliseconds. Default 1 s growing to 5 min, with full jitter. */
  retry?: { baseMs: number; maxMs: number };
  /** Longest single request to the CA, milliseconds. Default 10 s. */
  requestMs?: number;
  random?: () => number;
}

export interface CertificateHealth {
  /** A leaf is there and valid now. */
  ok: boolean;
  /** Milliseconds until the leaf ends; negative when it has. */
  timeLeftMs: number | undefined;
  detail: string;
}

const defaultRetry = { baseMs: 1_000, maxMs: 300_000 };

/**
 * Keeps one certificate fresh: renews at half of its life, backs off when the CA is away, and serves the old one meanwhile.
 * `start` → (renew | wait)* → `stop`.
 */
export class RenewingCertificateSource implements CredentialSource {
  readonly #options: RenewingSourceOptions;
  readonly #held = new StaticCertificateSource();
  readonly #stopped = new AbortController();
  #loop: Promise<void> | undefined;
  #nudge = new AbortController();
  #lastError: ServiceError | undefined;
  /** The newest there ever was, ended or not. */
  #previous: Credential | undefined;

  constructor(options: RenewingSourceOptions) {
    this.#options = options;
  }

  current(): Credential | undefined {
    return this.#held.current();
  }

  subscribe(listener: (credential: Credential) => void): () => void {
    return this.#held.subscribe(listener);
  }

  /**
   * Resolves once there is a valid certificate: at once when the file holds one. Without one it tries for `deadlineMs`
   * (default 30 s), then throws UNAVAILABLE / CERTIFICATE_UNAVAILABLE; never waits longer.
   */
  async start(deadlineMs = 30_000): Promise<void> {
    const { clock, file } = this.#options;
    const kept = file === undefined ? undefined : await loadCredential(file);
    this.#previous = kept;
    if (kept && kept.notAfterMs > clock.now()) this.#held.replace(kept);
    if (!this.current()) await this.#obtainFirst(deadlineMs);
    this.#loop = this.#run(this.#stopped.signal);
  }

  /** Ends renewal; the certificate stays usable until its end. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#loop;
  }

  /** Renew now: the CA said that trust has changed, or an operator asked. */
  renewNow(): void {
    this.#nudge.abort();
  }

  health(): CertificateHealth {
    const current = this.current();
    const timeLeftMs = current && current.notAfterMs - this.#options.clock.now();
    const ok = timeLeftMs !== undefined && timeLeftMs > 0;
    const trouble = this.#lastError && `renewal fails: ${this.#lastError.reason}`;
    const left = timeLeftMs === undefined ? 'no certificate' : `${Math.floor(timeLeftMs / 60_000)} min left`;
    return { ok, timeLeftMs, detail: trouble ? `${left}; ${trouble}` : left };
  }

  async #obtainFirst(deadlineMs: number): Promise<void> {
    const { clock } = this.#options;
    try {
      const options = { clock, signal: this.#stopped.signal, what: 'obtaining a certificate' };
      await withDeadline((signal) => this.#retryUntilRenewed(signal), deadlineMs, options);
    } catch (cause) {
      const why = this.#lastError ? `${this.#lastError.reason}: ${this.#lastError.message}` : 'no answer';
      throw new ServiceError('UNAVAILABLE', 'CERTIFICATE_UNAVAILABLE', {
        message: `no certificate within ${deadlineMs} ms; ${why}`,
        cause,
      });
    }
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      this.#nudge = new AbortController();
      const wake = AbortSignal.any([signal, this.#nudge.signal]);
      await clock.sleep(this.#untilRenewalMs(), wake).catch(() => undefined);
      if (signal.aborted) return;
      await this.#retryUntilRenewed(signal).catch((error: unknown) => {
        if (!isAbort(error, signal)) throw error;
      });
    }
  }

  /** Until half of the leaf's life has passed, counted from its signature (before which it is backdated); never a hot loop. */
  #untilRenewalMs(): number {
    const { clock, retry = defaultRetry } = this.#options;
    const current = this.current();
    if (!current) return 0;
    const signedMs = Math.min(current.notBeforeMs + backdateMs, current.notAfterMs);
    const halfLifeMs = (current.notAfterMs - signedMs) / 2;
    return Math.max(retry.baseMs, signedMs + halfLifeMs - clock.now());
  }

  async #retryUntilRenewed(signal: AbortSignal): Promise<void> {
    const { clock, log, random, retry = defaultRetry } = this.#options;
    for (let attempt = 0; ; attempt++) {
      signal.throwIfAborted();
      try {
        await this.#renewOnce(signal);
        this.#lastError = undefined;
        return;
      } catch (thrown) {
        signal.throwIfAborted();
        this.#lastError = toServiceError(thrown);
        const waitMs = Math.max(this.#lastError.retryAfterMs ?? 0, backoff(attempt, retry, random));
        const timeLeftMs = this.health().timeLeftMs;
        log.warn(
          { event: 'certificate_renewal_failed', attempt, waitMs, timeLeftMs, error: this.#lastError },
          'no new certificate',
        );
        await clock.sleep(waitMs, signal);
      }
    }
  }

  async #renewOnce(signal: AbortSignal): Promise<void> {
    const { renew, clock, log, file, requestMs = 10_000 } = this.#options;
    const previous = this.#previous;
    const oldKeys = this.#options.keepKey && previous ? await importKeyPair(previous.privateKeyPem) : undefined;
    const { csrPem, keys } = await createCsr(oldKeys);
    const issued = await withDeadline((limited) => renew(csrPem, limited, previous), requestMs, {
      clock,
      signal,
      what: 'the CA',
    });
    const credential = this.#held.replace({ ...issued, privateKeyPem: await exportPrivateKeyPem(keys.privateKey) });
    this.#previous = credential;
    log.info(
      { event: 'certificate_renewed', spiffeId: credential.spiffeId, notAfterMs: credential.notAfterMs },
      'certificate renewed',
    );
    if (file === undefined) return;
    // A full disk must not cost us the certificate that we hold: tell, and go on.
    await saveCredential(file, credential).catch((error: unknown) =>
      log.error({ event: 'certificate_not_kept', error }, 'the certificate could not be written'),
    );
  }
}
