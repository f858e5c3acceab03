import { createHash } from 'node:crypto';
import { ServiceError } from '@frameworks/kit/errors';
import type { Kysely } from 'kysely';

/**
 * How a schema changes while two versions of a service run side by side:
 * - `expand` adds what the new version needs and the old one does not notice (tables, nullable columns, indexes);
 * - `migrate` fills it from the old data, in batches, while both run;
 * - `contract` removes what only the old version needs. Run when the old version is gone, and only when asked; after it the
 *   old version refuses to start.
 */
export type MigrationPhase = 'expand' | 'migrate' | 'contract';

// Steps get a database whose tables they know better than any type: the types describe the newest version only.
// biome-ignore lint/suspicious/noExplicitAny: as above; `Kysely<unknown>` allows no table at all
export type AnyDatabase = Kysely<any>;

/** Where a backfill goes on. `cursor` is whatever the batch needs, e.g. the last id; undefined when it is finished. */
export interface BatchResult {
  readonly cursor: string | undefined;
  readonly rows: number;
}

/** One step, declared as data. Once released a step never changes; what it got wrong, a later step mends. */
export type Migration = { readonly id: string } & (
  | {
      readonly phase: 'expand' | 'contract';
      /** Statements, in one transaction with the note that they are done. */
      readonly sql: string;
      /** For `CREATE INDEX CONCURRENTLY`: no transaction. Must then be one statement that may be repeated after a crash. */
      readonly outsideTransaction?: true;
    }
  | {
      readonly phase: 'expand' | 'contract';
      readonly up: (db: AnyDatabase) => Promise<void>;
      /** Stands for the function in the checksum, because its text depends on who compiled it. Raise it never: see above. */
      readonly revision?: number;
    }
  | {
      readonly phase: 'migrate';
      /** One batch in one transaction with its cursor: a crash repeats at most nothing. Starts with `undefined`. */
      readonly batch: (db: AnyDatabase, cursor: string | undefined) => Promise<BatchResult>;
      readonly revision?: number;
    }
);

/** SHA-256 over everything of a step that can be compared between two builds. */
export function checksumOf(migration: Migration): string {
  const body = 'sql' in migration ? { sql: migration.sql } : { revision: migration.revision ?? 1 };
  const text = JSON.stringify({ id: migration.id, phase: migration.phase, ...body });
  return createHash('sha256').update(text).digest('hex');
}

/** Ids must be unique and ascending: then two branches that each add a step cannot be merged into a silent reordering. */
export function assertMigrations(migrations: readonly Migration[]): void {
  let last = '';
  for (const { id } of migrations) {
    if (id <= last) {
      const message = `migration ids must be unique and ascending: ${id} comes after ${last}`;
      throw new ServiceError('INVALID_ARGUMENT', 'BAD_MIGRATIONS', { message });
    }
    last = id;
  }
}
