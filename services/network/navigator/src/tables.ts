import type { Kysely, Transaction } from 'kysely';

/** Columns of the schema `navigator`; the migrations say more. Times are Unix milliseconds of the CA's clock. */
export interface CertificateAuthoritiesTable {
  id: string;
  kind: string;
  generation: number;
  issuer_id: string | null;
  trust_domain: string;
  certificate_pem: string;
  /** Null once retired. */
  sealed_key: string | null;
  not_before_unix_ms: number;
  not_after_unix_ms: number;
  created_unix_ms: number;
  signs_from_unix_ms: number;
  retired_unix_ms: number | null;
}

export interface TrustBundlesTable {
  generation: number;
  created_unix_ms: number;
  root_ids: string[];
  intermediate_ids: string[];
}

export interface JoinTokensTable {
  id: string;
  secret_sha256: Buffer;
  spiffe_id: string;
  state: string;
  created_unix_ms: number;
  expires_unix_ms: number;
  used_unix_ms: number | null;
  key_sha256: Buffer | null;
  created_by: string;
}

export interface CertificatesTable {
  serial: string;
  spiffe_id: string;
  key_sha256: Buffer;
  issuer_id: string;
  join_token_id: string | null;
  not_before_unix_ms: number;
  not_after_unix_ms: number;
  issued_unix_ms: number;
}

export interface NavigatorTables {
  certificate_authorities: CertificateAuthoritiesTable;
  trust_bundles: TrustBundlesTable;
  join_tokens: JoinTokensTable;
  certificates: CertificatesTable;
}

/** A connection or a transaction: store functions take either. */
export type NavigatorDb = Kysely<NavigatorTables> | Transaction<NavigatorTables>;
