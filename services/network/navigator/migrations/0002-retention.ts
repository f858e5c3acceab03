import type { Migration } from '@frameworks/stores/sql/migrations/migration';

/** What finding and removing long ended records needs to stay cheap when there are many. */
export const retention: Migration = {
  id: '0002-retention',
  phase: 'expand',
  sql: `
    create index certificates_end_idx on certificates (not_after_unix_ms);
    create index join_tokens_end_idx on join_tokens (expires_unix_ms);
    -- A token goes after its certificates; without this each removal would read them all.
    create index certificates_join_token_idx on certificates (join_token_id) where join_token_id is not null;
  `,
};
