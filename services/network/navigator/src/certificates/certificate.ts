/** A leaf we signed, as recorded. The CA keeps no private keys and not even the certificate: it can be asked for again. */
export interface CertificateRecord {
  /** Lower-case hex without leading zeros. */
  readonly serial: string;
  readonly spiffeId: string;
  /** SHA-256 of the public key (SPKI, DER). */
  readonly keySha256: Uint8Array;
  /** The intermediate that signed it. */
  readonly issuerId: string;
  /** The join token that proved the identity; undefined for renewals and for our own. */
  readonly joinTokenId: string | undefined;
  readonly notBeforeUnixMs: number;
  readonly notAfterUnixMs: number;
  readonly issuedUnixMs: number;
}

/** Derived from time and from later certificates of the same identity; never stored. */
export type CertificateState = 'valid' | 'superseded' | 'expired';

export type ListedCertificate = Omit<CertificateRecord, 'keySha256' | 'issuerId' | 'joinTokenId'> & {
  readonly state: CertificateState;
};
