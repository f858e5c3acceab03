/**
 * The CA's own certificates. A root signs intermediates only; an intermediate signs leaves only. Roots are what peers trust, so a
 * new one must be known everywhere before anything it signed is shown; intermediates travel with their leaves.
 */
export type AuthorityKind = 'root' | 'intermediate';

export interface Authority {
  /** UUIDv7. */
  readonly id: string;
  readonly kind: AuthorityKind;
  /** Counts from 1 per kind. Two Navigators that both want generation n collide on it: one of them wins. */
  readonly generation: number;
  /** The root that signed an intermediate; undefined for roots. */
  readonly issuerId: string | undefined;
  readonly trustDomain: string;
  readonly certificatePem: string;
  readonly notBeforeUnixMs: number;
  readonly notAfterUnixMs: number;
  readonly createdUnixMs: number;
  /** Signs nothing before this moment. */
  readonly signsFromUnixMs: number;
  /** Its key is destroyed from here on; kept as a record. */
  readonly retiredUnixMs: number | undefined;
}

/** One generation of what peers trust: rows of `trust_bundles`. */
export interface TrustBundle {
  readonly generation: number;
  readonly createdUnixMs: number;
  readonly rootIds: readonly string[];
  readonly intermediateIds: readonly string[];
}
