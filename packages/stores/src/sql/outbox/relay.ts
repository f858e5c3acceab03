import { ServiceError } from '@frameworks/kit/errors';
import type { Logger } from '@frameworks/kit/log';
import { type Loop, runLoop } from '@frameworks/kit/loop';
import { type BackoffPolicy, backoffCeiling, type Clock, systemClock, withDeadline } from '@frameworks/std';
import { type Kysely, sql, type Transaction } from 'kysely';
import { claimKeys } from './claim-keys.ts';

/** A message on its way. */
export interface OutboxMessage {
  readonly position: number;
  readonly id: string;
  readonly topic: string;
  readonly key: string;
  readonly payload: Uint8Array;
  readonly enqueuedAt: Date;
  /** Failed attempts before this one. */
  readonly attempts: number;
}

/** What became of one message. `permanent`: trying again is of no use. */
export type DeliveryOutcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: string; readonly permanent?: boolean };

/**
 * Delivers messages and says for each, at the same index, what became of it. Messages of one key come in order and must be
 * delivered in order: after one that failed, say of the later ones of its key that they failed too; they are not blamed for it.
 * Throwing a retryable `ServiceError` means that nobody could be reached: everything stays as it is and no attempt is counted.
 * Throwing anything else fails every message of the batch. A message may come again after it was delivered: drop known ids.
 */
export type Deliver = (batch: readonly OutboxMessage[], signal: AbortSignal) => Promise<readonly DeliveryOutcome[]>;

export interface DeliveryOptions {
  readonly deliver: Deliver;
  /** The most messages in hand at once. Default 100. */
  readonly batchSize?: number;
  /** After how many failures a message dies. Default 12: with the default pauses about 8 minutes. */
  readonly maxAttempts?: number;
  /** Pause of a key after a failure. Default 500 ms, doubling up to 60 s. */
  readonly retry?: BackoffPolicy;
  /** Longest delivery of one batch, milliseconds. Default 10 000. The rows stay locked meanwhile. */
  readonly timeoutMs?: number;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
}

export interface DeliveryReport {
  readonly delivered: number;
  readonly failed: number;
  readonly died: number;
}

/** Takes one batch, delivers it and notes the outcome, all in one transaction. All zero: nothing was due. */
export function deliverBatch<DB>(db: Kysely<DB>, options: DeliveryOptions): Promise<DeliveryReport> {
  const { timeoutMs = 10_000, batchSize = 100 } = options;
  return db.transaction().execute(async (tx) => {
    await sql.raw(`set local idle_in_transaction_session_timeout = ${timeoutMs + 5000}`).execute(tx);
    const batch = await takeBatch(tx, batchSize);
    if (batch.length === 0) return { delivered: 0, failed: 0, died: 0 };
    const outcomes = await attempt(batch, options);
    return settleBatch(tx, batch, { outcomes, options });
  });
}

async function takeBatch<DB>(tx: Transaction<DB>, batchSize: number): Promise<OutboxMessage[]> {
  const keys = await claimKeys(tx, batchSize);
  if (keys.length === 0) return [];
  const { rows } = await sql<OutboxMessage>`
    select position, id, topic, key, payload, enqueued_at as "enqueuedAt", attempts
    from outbox where key = any(${keys}) order by position limit ${batchSize} for update`.execute(tx);
  return rows;
}

async function attempt(batch: readonly OutboxMessage[], options: DeliveryOptions): Promise<readonly DeliveryOutcome[]> {
  const { deliver, timeoutMs = 10_000, clock = systemClock, signal } = options;
  try {
    const limit = { clock, what: 'outbox delivery', ...(signal === undefined ? {} : { signal }) };
    return await withDeadline((inner) => deliver(batch, inner), timeoutMs, limit);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof ServiceError && error.retryable) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    return batch.map(() => ({ ok: false, reason }));
  }
}

interface Settlement {
  readonly outcomes: readonly DeliveryOutcome[];
  readonly options: DeliveryOptions;
}

async function settleBatch<DB>(
  tx: Transaction<DB>,
  batch: readonly OutboxMessage[],
  { outcomes, options }: Settlement,
): Promise<DeliveryReport> {
  const { maxAttempts = 12 } = options;
  const done: number[] = [];
  const blamed = new Set<string>();
  let failed = 0;
  let died = 0;
  for (const [index, message] of batch.entries()) {
    const outcome = outcomes[index] ?? { ok: false, reason: 'the delivery gave no outcome' };
    if (outcome.ok) done.push(message.position);
    else if (!blamed.has(message.key)) {
      blamed.add(message.key);
      const dies = outcome.permanent === true || message.attempts + 1 >= maxAttempts;
      await (dies ? bury(tx, message, outcome.reason) : postpone(tx, message, { reason: outcome.reason, options }));
      if (dies) died += 1;
      else failed += 1;
    }
  }
  if (done.length > 0) await sql`delete from outbox where position = any(${done})`.execute(tx);
  return { delivered: done.length, failed, died };
}

const defaultRetry: BackoffPolicy = { baseMs: 500, maxMs: 60_000 };
const maxReasonLength = 1000;

async function postpone<DB>(
  tx: Transaction<DB>,
  { position, attempts }: OutboxMessage,
  { reason, options }: { reason: string; options: DeliveryOptions },
): Promise<void> {
  const pauseMs = backoffCeiling(attempts, options.retry ?? defaultRetry);
  await sql`
    update outbox set attempts = attempts + 1, last_error = ${reason.slice(0, maxReasonLength)},
      available_at = clock_timestamp() + ${pauseMs} * interval '1 millisecond'
    where position = ${position}`.execute(tx);
}

async function bury<DB>(tx: Transaction<DB>, { position }: OutboxMessage, reason: string): Promise<void> {
  await sql`
    with dead as (delete from outbox where position = ${position} returning *)
    insert into outbox_dead (position, id, topic, key, payload, enqueued_at, attempts, reason)
    select position, id, topic, key, payload, enqueued_at, attempts + 1, ${reason.slice(0, maxReasonLength)} from dead`.execute(
    tx,
  );
}

export interface RelayOptions extends DeliveryOptions {
  readonly name: string;
  /** Pause when nothing is due. Default 1000. `nudge` ends it: call it after a commit. */
  readonly everyMs?: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** So that a turn ends, and is counted and logged, also while messages come in faster than they go out. */
const batchesPerTurn = 100;

/** Delivers whatever is due, until the signal aborts. Failures of the receiver or the database only make it pause. */
export function startOutboxRelay<DB>(db: Kysely<DB>, options: RelayOptions): Loop {
  const { name, clock, log, signal, everyMs = 1000 } = options;
  const run = async (turn: AbortSignal): Promise<void> => {
    for (let count = 0; count < batchesPerTurn && !turn.aborted; count++) {
      const { delivered, failed, died } = await deliverBatch(db, { ...options, signal: turn });
      if (died > 0) log.error({ relay: name, died }, 'outbox messages moved to the dead letters');
      if (delivered + failed + died === 0) return;
    }
  };
  return runLoop({ name, everyMs, run, clock, log, signal, retry: { baseMs: 200, maxMs: 10_000 } });
}
