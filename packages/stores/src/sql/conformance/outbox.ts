import { ServiceError } from '@frameworks/kit';
import { sql, type Transaction } from 'kysely';
import { describe, expect, it } from 'vitest';
import {
  type Deliver,
  type DeliveryOptions,
  deliverBatch,
  enqueue,
  inTransaction,
  listDeadLetters,
  outboxTables,
  purgeDeadLetters,
  readOutboxDepth,
  requeueDeadLetters,
  type Sql,
} from '../index.ts';
import { openTestSql, query, type ServerOf, type Tables } from './fixture.ts';

async function openOutbox(server: ServerOf): Promise<Sql<Tables>> {
  const store = await openTestSql(server());
  await query(store, outboxTables());
  return store;
}

/** Adds messages called `<key><number>`. */
function send(store: Sql<Tables>, ...ids: string[]): Promise<void> {
  return inTransaction(store.db, async (tx) => {
    for (const id of ids) await add(tx, id);
  });
}

function add(tx: Transaction<Tables>, id: string): Promise<boolean> {
  return enqueue(tx, { id, topic: 'test', key: id.slice(0, 1), payload: Buffer.from(id) });
}

/** A receiver that notes ids, and fails those that `fails` names. */
function receiver(fails: (id: string) => string | undefined = () => undefined): { deliver: Deliver; got: string[] } {
  const got: string[] = [];
  const deliver: Deliver = async (batch) => {
    const stopped = new Set<string>();
    return batch.map(({ id, key }) => {
      const reason = stopped.has(key) ? 'after a failure' : fails(id);
      if (reason === undefined) {
        got.push(id);
        return { ok: true };
      }
      stopped.add(key);
      return { ok: false, reason };
    });
  };
  return { deliver, got };
}

/** Delivers until nothing is due. */
async function drain(store: Sql<Tables>, options: DeliveryOptions): Promise<void> {
  for (let round = 0; round < 50; round++) {
    const { delivered, failed, died } = await deliverBatch(store.db, { retry: { baseMs: 0, maxMs: 0 }, ...options });
    if (delivered + failed + died === 0) return;
  }
  throw new Error('the outbox does not drain');
}

/** At least once, in order per key, never lost. */
export function describeOutbox(server: ServerOf): void {
  describe('outbox', () => {
    it('delivers what was committed, with its payload, and then no more', async () => {
      const store = await openOutbox(server);
      await send(store, 'a1');
      const seen: unknown[] = [];
      const deliver: Deliver = async (batch) => {
        seen.push(...batch.map(({ id, topic, key, payload, attempts }) => ({ id, topic, key, payload, attempts })));
        return batch.map(() => ({ ok: true }));
      };
      await drain(store, { deliver });
      expect(seen).toEqual([{ id: 'a1', topic: 'test', key: 'a', payload: Buffer.from('a1'), attempts: 0 }]);
      expect(await readOutboxDepth(store.db)).toEqual({ pending: 0, oldestAgeMs: 0, dead: 0 });
    });

    it('knows nothing of a transaction that was rolled back', async () => {
      const store = await openOutbox(server);
      const work = inTransaction(store.db, async (tx) => {
        await add(tx, 'a1');
        throw new Error('no');
      });
      await expect(work).rejects.toThrow('no');
      expect(await readOutboxDepth(store.db)).toMatchObject({ pending: 0 });
    });

    it('adds an id once while it waits', async () => {
      const store = await openOutbox(server);
      const added = await inTransaction(store.db, async (tx) => [await add(tx, 'a1'), await add(tx, 'a1')]);
      expect(added).toEqual([true, false]);
      expect(await readOutboxDepth(store.db)).toMatchObject({ pending: 1 });
    });

    it('refuses a payload that is too large', async () => {
      const store = await openOutbox(server);
      const huge = { id: 'a', topic: 't', key: 'k', payload: Buffer.alloc(256 * 1024 + 1) };
      const work = inTransaction(store.db, (tx) => enqueue(tx, huge));
      await expect(work).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', reason: 'PAYLOAD_TOO_LARGE' });
    });

    it('keeps the order of a key while a message fails, and lets other keys go on', async () => {
      const store = await openOutbox(server);
      await send(store, 'a1', 'b1', 'a2', 'b2');
      let refusals = 2;
      const { deliver, got } = receiver((id) => (id === 'a1' && refusals-- > 0 ? 'not now' : undefined));
      await drain(store, { deliver, batchSize: 3 });
      expect(got.filter((id) => id.startsWith('a'))).toEqual(['a1', 'a2']);
      expect(got.filter((id) => id.startsWith('b'))).toEqual(['b1', 'b2']);
      expect(got.indexOf('b1')).toBeLessThan(got.indexOf('a1'));
    });

    it('pauses a key after a failure', async () => {
      const store = await openOutbox(server);
      await send(store, 'a1', 'a2', 'b1');
      const { deliver } = receiver((id) => (id.startsWith('a') ? 'no' : undefined));
      const options = { deliver, retry: { baseMs: 60_000, maxMs: 60_000 } };
      expect(await deliverBatch(store.db, options)).toEqual({ delivered: 1, failed: 1, died: 0 });
      expect(await deliverBatch(store.db, options)).toEqual({ delivered: 0, failed: 0, died: 0 });
      expect(await query(store, 'select id, attempts, last_error from outbox order by id')).toEqual([
        { id: 'a1', attempts: 1, last_error: 'no' },
        { id: 'a2', attempts: 0, last_error: null },
      ]);
    });

    it('gives up after the last attempt, says why, and goes on with the key', async () => {
      const store = await openOutbox(server);
      await send(store, 'a1', 'a2');
      const { deliver, got } = receiver((id) => (id === 'a1' ? 'never' : undefined));
      await drain(store, { deliver, maxAttempts: 3 });
      expect(got).toEqual(['a2']);
      expect(await listDeadLetters(store.db, { afterPosition: 0, limit: 10 })).toMatchObject([
        { id: 'a1', key: 'a', attempts: 3, reason: 'never' },
      ]);
    });

    it('gives up at once when told that it is of no use', async () => {
      const store = await openOutbox(server);
      await send(store, 'a1');
      const deliver: Deliver = async (batch) => batch.map(() => ({ ok: false, reason: 'malformed', permanent: true }));
      expect(await deliverBatch(store.db, { deliver })).toEqual({ delivered: 0, failed: 0, died: 1 });
    });

    it('counts no attempt while the receiver cannot be reached', async () => {
      const store = await openOutbox(server);
      await send(store, 'a1');
      const deliver: Deliver = async () => {
        throw new ServiceError('UNAVAILABLE', 'DOWN', { message: 'down' });
      };
      await expect(deliverBatch(store.db, { deliver, maxAttempts: 1 })).rejects.toMatchObject({ reason: 'DOWN' });
      expect(await query(store, 'select attempts from outbox')).toEqual([{ attempts: 0 }]);
    });

    it('fails a batch that throws or takes too long', async () => {
      const store = await openOutbox(server);
      await send(store, 'a1');
      const thrower: Deliver = async () => {
        throw new TypeError('a bug');
      };
      const endless: Deliver = () => new Promise(() => undefined);
      const options = { retry: { baseMs: 0, maxMs: 0 } };
      expect(await deliverBatch(store.db, { ...options, deliver: thrower })).toMatchObject({ failed: 1 });
      expect(await deliverBatch(store.db, { ...options, deliver: endless, timeoutMs: 20 })).toMatchObject({
        failed: 1,
      });
      expect(await query(store, 'select attempts from outbox')).toEqual([{ attempts: 2 }]);
    });

    it('lets two relays share the work, and none overtake', async () => {
      const store = await openOutbox(server);
      await send(store, ...Array.from({ length: 60 }, (_, n) => `${'abc'[n % 3]}${String(n).padStart(2, '0')}`));
      const { deliver, got } = receiver();
      await Promise.all([1, 2, 3].map(() => drain(store, { deliver, batchSize: 4 })));
      await drain(store, { deliver });
      for (const key of ['a', 'b', 'c']) {
        const ids = got.filter((id) => id.startsWith(key));
        expect(ids).toEqual([...ids].sort());
        expect(ids).toHaveLength(20);
      }
    });

    it('leaves a key alone while another relay has it', async () => {
      const store = await openOutbox(server);
      await send(store, 'a1', 'a2');
      const other = receiver();
      const deliver: Deliver = async (batch) => {
        expect(await deliverBatch(store.db, { deliver: other.deliver })).toEqual({ delivered: 0, failed: 0, died: 0 });
        return batch.map(() => ({ ok: true }));
      };
      expect(await deliverBatch(store.db, { deliver, batchSize: 1 })).toMatchObject({ delivered: 1 });
      expect(other.got).toEqual([]);
    });

    it('makes transactions on one key wait for each other, so that order is the order of commits', async () => {
      const store = await openOutbox(server);
      let second: Promise<void> | undefined;
      await inTransaction(store.db, async (tx) => {
        await add(tx, 'a1');
        second = send(store, 'a2');
        const waiting = sql<{ n: number }>`
          select count(*) as n from pg_locks where locktype = 'advisory' and not granted`;
        for (let tries = 0; tries < 500; tries++) {
          if ((await waiting.execute(tx)).rows[0]?.n === 1) return;
        }
        throw new Error('the second transaction did not wait');
      });
      await second;
      expect(await query(store, 'select id from outbox order by position')).toEqual([{ id: 'a1' }, { id: 'a2' }]);
    });

    it('brings dead letters back, and drops the oldest ones', async () => {
      const store = await openOutbox(server);
      await send(store, 'a1', 'b1', 'c1');
      const { deliver } = receiver(() => 'no');
      await drain(store, { deliver, maxAttempts: 1 });
      expect(await purgeDeadLetters(store.db, { keep: 2 })).toBe(1);
      const [letter] = await listDeadLetters(store.db, { afterPosition: 0, limit: 10 });
      expect(await requeueDeadLetters(store.db, [letter?.position ?? 0])).toBe(1);
      expect(await readOutboxDepth(store.db)).toMatchObject({ pending: 1, dead: 1 });
      const late = receiver();
      await drain(store, late);
      expect(late.got).toEqual([letter?.id]);
    });
  });
}
