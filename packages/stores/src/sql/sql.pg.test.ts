import { describeWith } from '@frameworks/testkit';
import { describeConnection } from './conformance/connection.ts';
import { describeMigrations } from './conformance/migrations.ts';
import { describeOutbox } from './conformance/outbox.ts';
import { describeRelay } from './conformance/relay.ts';
import { describeTransactions } from './conformance/transactions.ts';
import { describeValues } from './conformance/values.ts';

/** ONE suite for every adapter of the seam: the embedded PostgreSQL and the machine's own. */
for (const kind of ['embedded-postgres', 'postgres'] as const) {
  describeWith(kind, 'sql', (server) => {
    describeValues(server);
    describeConnection(server);
    describeTransactions(server);
    describeMigrations(server);
    describeOutbox(server);
    describeRelay(server);
  });
}
