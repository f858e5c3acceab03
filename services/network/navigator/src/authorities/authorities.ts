import type { Authority as SigningAuthority } from '@frameworks/identity/ca/authority';
import { ServiceError } from '@frameworks/kit/errors';
import type { ReconcilerDriver } from '@frameworks/kit/reconciler';
import { childController, untilAborted } from '@frameworks/std';
import { type AuthorityReconcilerDeps, readSnapshot, type StoredSnapshot } from './authority-reconciler.ts';
import { findSigningIntermediate, findSigningRoot } from './plan-authorities.ts';
import { type PublishedBundle, toPublishedBundle } from './trust-view.ts';

/** Who signs a leaf now. `signing.privateKeyPem` is secret. */
export interface Issuer {
  readonly id: string;
  readonly signing: SigningAuthority;
}

/** Each pass enables the next (root → intermediate → bundle → retirements); more than this means a bug, not work. */
const mostPasses = 8;

/**
 * The CA as this process knows it: refreshed by every pass, served from memory, so that trust bundles are answered while the
 * database is away. What another Navigator did is known here one interval later; no step of a rotation needs it sooner.
 */
export class Authorities {
  readonly #deps: AuthorityReconcilerDeps;
  readonly #driver: ReconcilerDriver;
  #snapshot: StoredSnapshot | undefined;
  #bundle: PublishedBundle | undefined;
  #changed = new AbortController();

  constructor(deps: AuthorityReconcilerDeps, driver: ReconcilerDriver) {
    this.#deps = deps;
    this.#driver = driver;
  }

  /** Plans and applies until nothing is left, then takes the result over. Throws when it cannot see or cannot finish. */
  async reconcile(signal: AbortSignal): Promise<void> {
    for (let pass = 0; pass < mostPasses; pass++) {
      const { planned, failed } = await this.#driver.reconcile(signal);
      if (planned === 0) break;
      if (failed > 0) throw this.#toError(failed);
    }
    await this.#refresh();
  }

  /** Throws UNAVAILABLE `CA_NOT_READY` before the first bundle. */
  getBundle(): PublishedBundle {
    if (this.#bundle) return this.#bundle;
    throw notReady('no trust bundle yet');
  }

  /** Resolves with a bundle newer than `knownGeneration`, at once if there is one; undefined when the signal aborts first. */
  async waitForBundle(knownGeneration: number, signal: AbortSignal): Promise<PublishedBundle | undefined> {
    for (;;) {
      if (signal.aborted) return undefined;
      if (this.#bundle && this.#bundle.generation > knownGeneration) return this.#bundle;
      using either = childController(signal, this.#changed.signal);
      await untilAborted(either.signal);
    }
  }

  /** Throws UNAVAILABLE `CA_NOT_READY` while there is no intermediate to sign with. */
  async getIssuer(): Promise<Issuer> {
    const authority = findSigningIntermediate(this.#deps.clock.now(), this.#snapshot?.authorities ?? []);
    // The same objects went in: what the pure function gives back still has its key.
    const stored = this.#snapshot?.authorities.find(({ id }) => id === authority?.id);
    if (!stored) throw notReady('no intermediate can sign now');
    const privateKeyPem = await this.#deps.vault.open(stored);
    return { id: stored.id, signing: { certificatePem: stored.certificatePem, privateKeyPem } };
  }

  /** The root new identities will be signed under: what a joiner pins. */
  getSigningRootPem(): string {
    const root = findSigningRoot(this.#deps.clock.now(), this.#snapshot?.authorities ?? []);
    if (!root) throw notReady('no root can sign now');
    return root.certificatePem;
  }

  #toError(failed: number): Error {
    const failures = this.#driver.lastRun()?.failures ?? [];
    const list = failures.map(({ kind, target, error }) => `${kind} ${target}: ${error}`).join('; ');
    return new Error(`${failed} changes of the authorities failed: ${list}`);
  }

  async #refresh(): Promise<void> {
    const snapshot = await readSnapshot(this.#deps.db, this.#deps);
    const before = this.#bundle?.generation ?? 0;
    this.#snapshot = snapshot;
    this.#bundle = toPublishedBundle(snapshot, this.#deps.trustDomain);
    if (!this.#bundle || this.#bundle.generation <= before) return;
    this.#changed.abort();
    this.#changed = new AbortController();
  }
}

function notReady(message: string): ServiceError {
  return new ServiceError('UNAVAILABLE', 'CA_NOT_READY', { message, retryAfterMs: 1_000 });
}
