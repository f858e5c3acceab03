import { ServiceError } from '@frameworks/kit/errors';
import { sql, type Transaction } from 'kysely';

export interface OutboxDraft {
  /** Idempotency key: unique per message; the receiver drops what it has seen. A UUIDv7 unless there is something better. */
  readonly id: string;
  /** Where it goes, in the words of the receiver: a subject, an RPC. */
  readonly topic: string;
  /** Messages of one key arrive in order: usually the id of the entity. */
  readonly key: string;
  readonly payload: Uint8Array;
}

/** A row of an outbox is a message, not a place for files. */
export const maxPayloadBytes = 256 * 1024;

/**
 * Adds a message to the outbox; it exists when the transaction commits. Adding an `id` that still waits changes nothing.
 * Transactions that add to the same key wait for each other, because otherwise the later one could become visible first.
 *
 * @returns was it added?
 * @throws INVALID_ARGUMENT `PAYLOAD_TOO_LARGE`
 */
export async function enqueue<DB>(tx: Transaction<DB>, { id, topic, key, payload }: OutboxDraft): Promise<boolean> {
  if (payload.byteLength > maxPayloadBytes) {
    const message = `outbox message ${id} has ${payload.byteLength} bytes; at most ${maxPayloadBytes} are allowed`;
    throw new ServiceError('INVALID_ARGUMENT', 'PAYLOAD_TOO_LARGE', { message });
  }
  await sql`select pg_advisory_xact_lock(hashtextextended(current_schema() || '/outbox/' || ${key}::text, 0))`.execute(
    tx,
  );
  const result = await sql`
    insert into outbox (id, topic, key, payload) values (${id}, ${topic}, ${key}, ${Buffer.from(payload)})
    on conflict (id) do nothing`.execute(tx);
  return result.numAffectedRows === 1n;
}
