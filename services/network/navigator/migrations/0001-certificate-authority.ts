import type { Migration } from '@frameworks/stores/sql';

/** The internal CA. Times are Unix milliseconds of the CA's clock, because that is what certificates are judged by. */
export const certificateAuthority: Migration = {
  id: '0001-certificate-authority',
  phase: 'expand',
  sql: `
    create table certificate_authorities (
      id uuid primary key,
      kind text not null check (kind in ('root', 'intermediate')),
      generation integer not null check (generation > 0),
      issuer_id uuid references certificate_authorities (id),
      trust_domain text not null,
      certificate_pem text not null,
      sealed_key text,
      not_before_unix_ms bigint not null,
      not_after_unix_ms bigint not null,
      created_unix_ms bigint not null,
      signs_from_unix_ms bigint not null,
      retired_unix_ms bigint,
      -- The last word on who made a generation when several Navigators want to.
      constraint certificate_authorities_generation_key unique (kind, generation),
      constraint certificate_authorities_issuer_check check ((kind = 'root') = (issuer_id is null)),
      constraint certificate_authorities_key_check check ((retired_unix_ms is null) = (sealed_key is not null))
    );

    create table trust_bundles (
      generation bigint primary key check (generation > 0),
      created_unix_ms bigint not null,
      root_ids uuid[] not null check (cardinality(root_ids) > 0),
      intermediate_ids uuid[] not null
    );

    create table join_tokens (
      id uuid primary key,
      secret_sha256 bytea not null check (length(secret_sha256) = 32),
      spiffe_id text not null,
      -- 'expired' is derived from time and never written.
      state text not null check (state in ('active', 'exhausted', 'revoked')),
      created_unix_ms bigint not null,
      expires_unix_ms bigint not null,
      used_unix_ms bigint,
      key_sha256 bytea check (length(key_sha256) = 32),
      created_by text not null,
      constraint join_tokens_secret_sha256_key unique (secret_sha256),
      constraint join_tokens_use_check
        check ((state = 'exhausted') = (key_sha256 is not null) and (state = 'exhausted') = (used_unix_ms is not null))
    );

    create table certificates (
      serial text primary key,
      spiffe_id text not null,
      key_sha256 bytea not null check (length(key_sha256) = 32),
      issuer_id uuid not null references certificate_authorities (id),
      join_token_id uuid references join_tokens (id),
      not_before_unix_ms bigint not null,
      not_after_unix_ms bigint not null,
      issued_unix_ms bigint not null
    );
    create index certificates_newest_idx on certificates (issued_unix_ms desc, serial desc);
    create index certificates_identity_idx on certificates (spiffe_id, issued_unix_ms desc, serial desc);
  `,
};
