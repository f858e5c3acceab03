import { ServiceError } from '@frameworks/kit/errors';
import type { Logger } from '@frameworks/kit/log';
import { sleep, systemClock } from '@frameworks/std';
import { settle } from '@frameworks/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';
import { enqueue, inTransaction, outboxTables, type RelayOptions, type Sql, startOutboxRelay } from '../index.ts';
import { claimKeys } from '../outbox/claim-keys.ts';
import { openTestSql, query, quiet, type ServerOf, type Tables } from './fixture.ts';

const anHour = 3_600_000;

async function openOutbox(server: ServerOf): Promise<Sql<Tables>> {
  const store = await openTestSql(server());
  await query(store, outboxTables());
  return store;
}

function send(store: Sql<Tables>, ...ids: string[]): Promise<void> {
  return inTransaction(store.db, async (tx) => {
    for (const id of ids) await enqueue(tx, { id, topic: 'test', key: id.slice(0, 1), payload: Buffer.from(id) });
  });
}

/** A relay that runs until the test ends. */
function relay(store: Sql<Tables>, options: Pick<RelayOptions, 'deliver'> & Partial<RelayOptions>) {
  const log = quiet as unknown as Logger; // only the levels that `quiet` has are used
  const signal = new AbortController().signal;
  const loop = startOutboxRelay(store.db, {
    name: 'relay',
    clock: systemClock,
    log,
    signal,
    everyMs: anHour,
    ...options,
  });
  onTestFinished(() => loop.stop());
  return loop;
}

/** A receiver that takes everything, after `before` has let it. */
function receiver(before: () => Promise<void> | void = () => undefined) {
  const got: string[] = [];
  const deliver: RelayOptions['deliver'] = async (batch) => {
    await before();
    got.push(...batch.map(({ id }) => id));
    return batch.map(() => ({ ok: true }));
  };
  return { deliver, got };
}

const isEmpty = async (store: Sql<Tables>): Promise<boolean> =>
  (await query(store, 'select 1 from outbox')).length === 0;

/** Rows of the outbox that this connection has read so far. */
async function countTouched(db: Sql<Tables>['db']): Promise<number> {
  const count = `select (coalesce(idx_tup_fetch, 0) + seq_tup_read)::bigint as n
    from pg_stat_xact_user_tables where relid = 'outbox'::regclass`;
  return (await query<{ n: number }>({ db }, count))[0]?.n ?? 0;
}

/** The loop around the outbox: when it looks, what it survives, how it ends. */
export function describeRelay(server: ServerOf): void {
  describe('relay', () => {
    it('delivers what waits, then at once when nudged', async () => {
      const store = await openOutbox(server);
      await send(store, 'a1');
      const { deliver, got } = receiver();
      const loop = relay(store, { deliver });
      await settle(() => got.length === 1);
      await send(store, 'a2');
      loop.nudge();
      await settle(() => got.length === 2);
      expect(got).toEqual(['a1', 'a2']);
    });

    it('looks again by itself', async () => {
      const store = await openOutbox(server);
      const { deliver, got } = receiver();
      const loop = relay(store, { deliver, everyMs: 10 });
      await settle(() => loop.status().runs > 0);
      await send(store, 'a1');
      await settle(() => got.length === 1);
    });

    it('empties more than one batch in a turn', async () => {
      const store = await openOutbox(server);
      await send(store, 'a1', 'a2', 'a3', 'b1', 'b2');
      const { deliver, got } = receiver();
      const loop = relay(store, { deliver, batchSize: 2 });
      await settle(() => loop.status().runs === 1);
      expect(got).toHaveLength(5);
    });

    it('backs off while the receiver is away, and counts nothing against the messages', async () => {
      const store = await openOutbox(server);
      await send(store, 'a1');
      let refusals = 2;
      const { deliver, got } = receiver(() => {
        if (refusals-- > 0) throw new ServiceError('UNAVAILABLE', 'DOWN', { message: 'down' });
      });
      const loop = relay(store, { deliver, maxAttempts: 1 });
      await settle(() => got.length === 1);
      expect(loop.status()).toMatchObject({ failures: 2 });
    });

    it('keeps the order of each key with two relays at once and messages coming in', async () => {
      const store = await openOutbox(server);
      const { deliver, got } = receiver();
      relay(store, { deliver, batchSize: 3, everyMs: 1 });
      relay(store, { deliver, batchSize: 3, everyMs: 1 });
      for (let n = 10; n < 40; n++) await send(store, `a${n}`, `b${n}`);
      await settle(() => isEmpty(store));
      for (const key of ['a', 'b']) {
        const ids = got.filter((id) => id.startsWith(key));
        expect(ids).toEqual(Array.from({ length: 30 }, (_, n) => `${key}${n + 10}`));
      }
    });

    it('delivers again what was delivered but not noted when its connection was lost', async () => {
      const store = await openOutbox(server);
      const relaying = await openTestSql(server(), { schema: store.schema, applicationName: 'relaying' });
      await send(store, 'a1', 'a2');
      let losses = 1;
      const got: string[] = [];
      const deliver: RelayOptions['deliver'] = async (batch) => {
        got.push(...batch.map(({ id }) => id));
        const end = `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'relaying'`;
        if (losses-- > 0) await query(store, end);
        return batch.map(() => ({ ok: true }));
      };
      relay(relaying, { deliver });
      await settle(() => isEmpty(store));
      expect(got).toEqual(['a1', 'a2', 'a1', 'a2']);
    });

    it('breaks off a delivery when stopped, and leaves its messages to the next', async () => {
      const store = await openOutbox(server);
      await send(store, 'a1', 'a2');
      const begun = Promise.withResolvers<AbortSignal>();
      const loop = relay(store, {
        deliver: async (_batch, signal) => {
          begun.resolve(signal);
          await sleep(anHour, signal);
          return [];
        },
      });
      const signal = await begun.promise;
      await loop.stop();
      expect(signal.aborted).toBe(true);
      const { deliver, got } = receiver();
      relay(store, { deliver });
      await settle(() => isEmpty(store));
      expect(got).toEqual(['a1', 'a2']);
    });

    it.each([
      ['one key', '1', 'true'],
      ['many keys, of which the oldest pause', 'n / 1000', 'n > 10000'],
    ])('looks at few messages however many wait: %s', async (_name, key, due) => {
      const store = await openOutbox(server);
      await query(
        store,
        `insert into outbox (id, topic, key, payload, available_at)
         select n::text, 'test', (${key})::text, '', now() + case when ${due} then '0'::interval else '1 hour' end
         from generate_series(1, 20000) n`,
      );
      await query(store, 'analyze outbox');
      const touched = await inTransaction(store.db, async (tx) => {
        const before = await countTouched(tx);
        expect(await claimKeys(tx, 10)).not.toEqual([]);
        return (await countTouched(tx)) - before;
      });
      expect(touched).toBeLessThan(2000);
    });
  });
}
