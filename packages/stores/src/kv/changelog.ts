import type { KvKey } from './key.ts';
import type { LeaseHold } from './lease.ts';

/**
 * A changelog: the current value of a set of entities, and the ordered list of the changes that led there.
 *
 * One append changes the entity's value *and* adds the entry, atomically. Entries have consecutive numbers; the number of
 * the entry that wrote an entity is the entity's `version`, so versions of an entity only rise, across deletion too.
 * Entities have no time to live: an expiry that followers must hear about is a write.
 *
 * A follower takes a `snapshot` (all entities and the position, in one instant) and reads on from its position. The log
 * keeps `maxEntries`; a reader whose position was dropped, or is unknown because the store lost data, gets `truncated` and
 * starts over with a snapshot. Gaps are never silent. `follow.ts` does all this.
 */
export interface Changelog {
  append(change: Change): Promise<AppendAnswer>;
  snapshot(): Promise<ChangelogSnapshot>;
  /** Entries after `position`, oldest first. With nothing new it waits up to `waitMs` and then answers `ok` without entries. */
  read(position: string, options: ReadOptions): Promise<ReadAnswer>;
}

export interface Change {
  /** Which entity: 1 to 512 bytes of printable text. */
  entity: string;
  /** The new value; `undefined` deletes the entity. */
  value: string | undefined;
  /** Append only if the entity has this version; 0 means "absent". Left out: whatever it has. */
  expectedVersion?: number;
  /** Append only while this is the newest fence of the lease. */
  guard?: { lease: KvKey; fence: LeaseHold['fence'] };
}

export type AppendAnswer =
  | { status: 'appended'; version: number; position: string }
  /** A deletion of an absent entity: nothing to tell anyone. */
  | { status: 'unchanged' }
  /** `version` is the one the entity has; 0 means absent. */
  | { status: 'conflict'; version: number }
  | { status: 'fenced'; highestFence: number };

export interface ChangelogSnapshot {
  position: string;
  entities: ChangelogEntity[];
}

export interface ChangelogEntity {
  entity: string;
  version: number;
  value: string;
}

export interface ReadOptions {
  /** Entries per answer, 1 to 10,000. Default 500. */
  limit?: number;
  /** How long to wait for a first entry, milliseconds. Default 0: answer at once. */
  waitMs?: number;
  /** Ends the wait; the read rejects with `signal.reason`. */
  signal: AbortSignal;
}

export type ReadAnswer = { status: 'ok'; entries: ChangelogEntry[]; position: string } | { status: 'truncated' };

export interface ChangelogEntry {
  position: string;
  entity: string;
  version: number;
  /** `undefined`: the entity was deleted. */
  value: string | undefined;
}

/** Before the first entry. */
export const startPosition = '0-0';
