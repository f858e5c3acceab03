import { ServiceError } from '@frameworks/kit/errors';
import { checksumOf, type Migration, type MigrationPhase } from './migration.ts';

/** What the ledger of a schema says about one step. */
export interface LedgerEntry {
  readonly id: string;
  readonly phase: MigrationPhase;
  readonly checksum: string;
  /** `running`: a backfill that has done some of its batches. */
  readonly state: 'running' | 'applied';
  readonly cursor: string | null;
}

const reach: Record<MigrationPhase, readonly MigrationPhase[]> = {
  expand: ['expand'],
  migrate: ['expand', 'migrate'],
  contract: ['expand', 'migrate', 'contract'],
};

/**
 * Which steps to run, in order, to bring a schema up to `upTo`. Steps in the ledger that the code does not know come from a
 * newer version: tolerated, because that is what two versions in flight look like, unless one is a contract step, after which
 * this version may miss what was removed.
 *
 * Within a phase the order is kept: a step that comes before one already applied was added by a branch that was merged late,
 * and would run in one order here and in another in a new database. Between phases there is no such rule, by design.
 *
 * @throws FAILED_PRECONDITION `DATABASE_NEWER`, `MIGRATION_EDITED`, `MIGRATION_OUT_OF_ORDER`
 */
export function planMigrations(
  migrations: readonly Migration[],
  ledger: readonly LedgerEntry[],
  upTo: MigrationPhase,
): Migration[] {
  const known = new Map(migrations.map((migration) => [migration.id, migration]));
  for (const entry of ledger) {
    const migration = known.get(entry.id);
    if (migration === undefined) assertTolerable(entry);
    else assertUnedited(migration, entry);
  }
  const applied = new Set(ledger.filter((entry) => entry.state === 'applied').map((entry) => entry.id));
  const pending = migrations.filter(({ id, phase }) => reach[upTo].includes(phase) && !applied.has(id));
  const done = migrations.filter(({ id }) => applied.has(id));
  for (const step of pending) assertInOrder(step, done);
  return pending;
}

function assertInOrder({ id, phase }: Migration, done: readonly Migration[]): void {
  const later = done.find((other) => other.phase === phase && other.id > id);
  if (later === undefined) return;
  const message = `migration ${id} comes before ${later.id}, which is applied; give it a later id`;
  throw new ServiceError('FAILED_PRECONDITION', 'MIGRATION_OUT_OF_ORDER', { message, data: { migration: id } });
}

function assertTolerable({ id, phase }: LedgerEntry): void {
  if (phase !== 'contract') return;
  const message = `the database is newer than this program: contract step ${id} is applied; run the newer version`;
  throw new ServiceError('FAILED_PRECONDITION', 'DATABASE_NEWER', { message, data: { migration: id } });
}

function assertUnedited(migration: Migration, { id, checksum }: LedgerEntry): void {
  if (checksumOf(migration) === checksum) return;
  const message = `migration ${id} was edited after it was applied; restore it and add a new step instead`;
  throw new ServiceError('FAILED_PRECONDITION', 'MIGRATION_EDITED', { message, data: { migration: id } });
}
