/**
 * The outbox: messages written in the same transaction as the change they tell of, delivered afterwards, at least once.
 *
 * - Order: messages of one key are delivered in the order of their transactions; a message that fails holds back its key and
 *   nothing else. Between keys there is no order.
 * - A message that fails for good, or too often, moves to `outbox_dead` with the reason, and its key goes on.
 * - Several relays may run at once; a relay that dies gives its messages back at once, since its row locks die with it.
 *
 * @returns the tables, as the `sql` of an `expand` migration
 */
export function outboxTables(): string {
  return `
create table outbox (
  position bigint generated always as identity primary key,
  id text not null unique,
  topic text not null,
  key text not null,
  payload bytea not null,
  enqueued_at timestamptz not null default now(),
  available_at timestamptz not null default now(),
  attempts integer not null default 0,
  last_error text
);
create index outbox_key on outbox (key, position);
create table outbox_dead (
  position bigint primary key,
  id text not null,
  topic text not null,
  key text not null,
  payload bytea not null,
  enqueued_at timestamptz not null,
  attempts integer not null,
  reason text not null,
  died_at timestamptz not null default now()
);
create index outbox_dead_died_at on outbox_dead (died_at);
`;
}
