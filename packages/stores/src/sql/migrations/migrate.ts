import { ServiceError } from '@frameworks/kit/errors';
import type { Logger } from '@frameworks/kit/log';
import { type Clock, retry, systemClock } from '@frameworks/std';
import { sql } from 'kysely';
import type { Sql } from '../open-sql.ts';
import { hasLedger, prepareLedger, readLedger, recordProgress } from './ledger.ts';
import { withAdvisoryLock } from './lock.ts';
import { type AnyDatabase, assertMigrations, type Migration, type MigrationPhase } from './migration.ts';
import { type LedgerEntry, planMigrations } from './plan.ts';

export interface MigrateOptions {
  /** Run steps of which phases: `expand` alone, with `migrate` (default), or with `contract` too. */
  upTo?: MigrationPhase;
  /** How long to wait for another instance that is migrating. Default 60 000. */
  lockTimeoutMs?: number;
  log: Pick<Logger, 'info'>;
  clock?: Clock;
  signal?: AbortSignal;
}

/** Longest wait of one change for a table in use. Everybody else's statements queue behind it meanwhile, so it is short and retried. */
const tableLockTimeoutMs = 2000;
const tableLockAttempts = 10;

/**
 * Brings the service's schema up to date and gives the ids of the steps it ran. Any number of instances may call it at once:
 * one works, the others wait and find nothing left to do.
 *
 * @throws FAILED_PRECONDITION `DATABASE_NEWER` (a contract step this program does not know), `MIGRATION_EDITED`,
 *   `MIGRATION_OUT_OF_ORDER`; INVALID_ARGUMENT `BAD_MIGRATIONS`; UNAVAILABLE `LOCK_HELD`; what a step throws.
 */
export function migrate<DB>(
  { db, schema }: Pick<Sql<DB>, 'db' | 'schema'>,
  migrations: readonly Migration[],
  options: MigrateOptions,
): Promise<string[]> {
  assertMigrations(migrations);
  const { upTo = 'migrate', lockTimeoutMs = 60_000, clock = systemClock, signal, log } = options;
  return db.connection().execute((connection) =>
    withAdvisoryLock(connection, `migrations:${schema}`, {
      timeoutMs: lockTimeoutMs,
      clock,
      signal,
      work: async () => {
        await prepareLedger(connection, schema);
        const ledger = await readLedger(connection, schema);
        const steps = planMigrations(migrations, ledger, upTo);
        for (const step of steps) {
          signal?.throwIfAborted();
          await runStep(connection, { schema, step, entry: ledger.find(({ id }) => id === step.id), clock, signal });
          log.info({ schema, migration: step.id, phase: step.phase }, 'migration applied');
        }
        return steps.map(({ id }) => id);
      },
    }),
  );
}

/** The steps that `migrate` would run, without changing anything. Same errors. */
export async function listPendingMigrations<DB>(
  { db, schema }: Pick<Sql<DB>, 'db' | 'schema'>,
  migrations: readonly Migration[],
  upTo: MigrationPhase = 'migrate',
): Promise<string[]> {
  assertMigrations(migrations);
  const ledger = (await hasLedger(db, schema)) ? await readLedger(db, schema) : [];
  return planMigrations(migrations, ledger, upTo).map(({ id }) => id);
}

interface Step {
  readonly schema: string;
  readonly step: Migration;
  readonly entry: LedgerEntry | undefined;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
}

async function runStep(db: AnyDatabase, context: Step): Promise<void> {
  const { step, schema } = context;
  if (step.phase === 'migrate') return runBatches(db, context, step);
  if ('sql' in step && step.outsideTransaction === true) {
    await sql`set statement_timeout = 0`.execute(db);
    await sql
      .raw(step.sql)
      .execute(db)
      .finally(() => sql`reset statement_timeout`.execute(db));
    return recordProgress(db, schema, { migration: step, state: 'applied' });
  }
  await inPatientTransaction(db, context, async (tx) => {
    if ('sql' in step) await sql.raw(step.sql).execute(tx);
    else if ('up' in step) await step.up(tx);
    await recordProgress(tx, schema, { migration: step, state: 'applied' });
  });
}

async function runBatches(
  db: AnyDatabase,
  context: Step,
  step: Extract<Migration, { phase: 'migrate' }>,
): Promise<void> {
  let cursor = context.entry?.cursor ?? undefined;
  let finished = false;
  while (!finished) {
    context.signal?.throwIfAborted();
    const done = await inPatientTransaction(db, context, async (tx) => {
      const result = await step.batch(tx, cursor);
      const state = result.cursor === undefined ? 'applied' : 'running';
      await recordProgress(tx, context.schema, { migration: step, state, ...result });
      return result;
    });
    finished = done.cursor === undefined;
    cursor = done.cursor;
  }
}

/** One transaction that may compute for long but waits for locks only briefly, and tries again when it did not get them. */
function inPatientTransaction<T>(
  db: AnyDatabase,
  { clock, signal }: Step,
  work: (tx: AnyDatabase) => Promise<T>,
): Promise<T> {
  const attempt = (): Promise<T> =>
    db.transaction().execute(async (tx) => {
      await sql.raw(`set local statement_timeout = 0; set local lock_timeout = ${tableLockTimeoutMs}`).execute(tx);
      return work(tx);
    });
  return retry(attempt, {
    clock,
    attempts: tableLockAttempts,
    policy: { baseMs: 200, maxMs: 5000 },
    retryable: (error) => error instanceof ServiceError && error.code === 'ABORTED',
    ...(signal === undefined ? {} : { signal }),
  });
}
