import { createCsr } from '@frameworks/identity/ca/csr';
import { exportPrivateKeyPem } from '@frameworks/identity/ca/keys';
import { type CredentialSource, StaticCertificateSource } from '@frameworks/identity/source/certificate-source';
import type { SpiffeId } from '@frameworks/identity/spiffe';
import { toBundlePem } from '../authorities/trust-view.ts';
import { readCsrPem } from './csr.ts';
import { type IssuanceDeps, issueForIdentity } from './issuance.ts';

/** A leaf and its key, with the trust bundle it was last combined with. */
interface Held {
  readonly chainPem: string;
  readonly privateKeyPem: string;
  readonly bundleGeneration: number;
  readonly renewAtMonotonicMs: number;
}

/**
 * Navigator's own leaf, from its own CA, in process: it is its own first client. The key lives in memory only; a restart makes
 * another. Renewed and told of new roots by the loop that keeps the authorities.
 */
export class OwnCertificate {
  readonly #deps: IssuanceDeps;
  readonly #spiffeId: SpiffeId;
  readonly #source = new StaticCertificateSource();
  #held: Held | undefined;

  constructor(deps: IssuanceDeps, spiffeId: SpiffeId) {
    this.#deps = deps;
    this.#spiffeId = spiffeId;
  }

  get source(): CredentialSource {
    return this.#source;
  }

  /** Renews at half life, and takes a new trust bundle over as soon as there is one. */
  async refresh(): Promise<void> {
    const { clock, authorities } = this.#deps;
    const bundle = authorities.getBundle();
    const due = !this.#held || clock.monotonic() >= this.#held.renewAtMonotonicMs;
    const held = due || !this.#held ? await this.#issue() : this.#held;
    if (held === this.#held && held.bundleGeneration === bundle.generation) return;
    this.#source.replace({
      certificateChainPem: held.chainPem,
      privateKeyPem: held.privateKeyPem,
      trustBundlePem: toBundlePem(bundle),
    });
    this.#held = { ...held, bundleGeneration: bundle.generation };
  }

  async #issue(): Promise<Held> {
    const { csrPem, keys } = await createCsr();
    const identity = { spiffeId: this.#spiffeId, proof: 'own' } as const;
    const issued = await issueForIdentity(this.#deps, await readCsrPem(csrPem), identity);
    return {
      chainPem: issued.chainPem,
      privateKeyPem: await exportPrivateKeyPem(keys.privateKey),
      bundleGeneration: issued.bundle.generation,
      renewAtMonotonicMs: this.#deps.clock.monotonic() + issued.renewAfterMs,
    };
  }
}
