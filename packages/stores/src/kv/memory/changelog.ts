import type { AppendAnswer, Change, Changelog, ChangelogEntry, ReadAnswer } from '../changelog.ts';
import { startPosition } from '../changelog.ts';
import { kvFull } from '../errors.ts';
import { buildReservedKey } from '../key.ts';
import { limits } from '../limits.ts';
import { positionOf } from '../position.ts';
import { watch } from '../watch.ts';
import type { MemoryStore } from './store.ts';

/** One changelog's data. */
export interface MemoryLog {
  lastVersion: number;
  /** Versions are consecutive, so the entry of a version is found by its distance from the first. */
  entries: ChangelogEntry[];
  entities: Map<string, { version: number; value: string }>;
}

export function memoryChangelog(store: MemoryStore, name: { cell: string; id: string }, maxEntries: number): Changelog {
  const key = buildReservedKey({ ...name, noun: 'changelog' });
  return {
    async append(change) {
      const log = store.logs.get(key) ?? { lastVersion: 0, entries: [], entities: new Map() };
      const refusal = refuse(store, log, change);
      if (refusal !== undefined) return refusal;
      const entry = apply(log, change, maxEntries);
      store.logs.set(key, log);
      store.notices.notify(key);
      return { status: 'appended', version: entry.version, position: entry.position };
    },
    async snapshot() {
      const log = store.logs.get(key);
      const entities = [...(log?.entities ?? [])].map(([entity, state]) => ({ entity, ...state }));
      return { position: log?.entries.at(-1)?.position ?? startPosition, entities };
    },
    async read(position, { limit = 500, waitMs = 0, signal }) {
      const untilMs = store.clock.monotonic() + waitMs;
      const look = async (): Promise<{ found: ReadAnswer } | { againInMs: number }> => {
        const answer = readAfter(store.logs.get(key), position, limit);
        const leftMs = untilMs - store.clock.monotonic();
        if (answer.status === 'truncated' || answer.entries.length > 0 || leftMs <= 0) return { found: answer };
        return { againInMs: Math.min(leftMs, limits.pollMs) };
      };
      return await watch({ name: key, look, listen: store.notices.listen, clock: store.clock, signal });
    },
  };
}

function refuse(store: MemoryStore, log: MemoryLog, change: Change): AppendAnswer | undefined {
  if (change.guard !== undefined) {
    const highestFence = store.findFence(change.guard.lease);
    if (highestFence !== change.guard.fence) return { status: 'fenced', highestFence };
  }
  const version = log.entities.get(change.entity)?.version ?? 0;
  if (change.expectedVersion !== undefined && change.expectedVersion !== version)
    return { status: 'conflict', version };
  if (version > 0) return undefined;
  if (change.value === undefined) return { status: 'unchanged' };
  if (log.entities.size >= limits.maxChangelogEntities) throw kvFull('the changelog holds its maximum of entities');
  return undefined;
}

function apply(log: MemoryLog, { entity, value }: Change, maxEntries: number): ChangelogEntry {
  log.lastVersion += 1;
  const version = log.lastVersion;
  if (value === undefined) log.entities.delete(entity);
  else log.entities.set(entity, { version, value });
  const entry = { position: positionOf(version), entity, version, value };
  log.entries.push(entry);
  if (log.entries.length > maxEntries) log.entries.splice(0, log.entries.length - maxEntries);
  return entry;
}

function readAfter(log: MemoryLog | undefined, position: string, limit: number): ReadAnswer {
  const entries = log?.entries ?? [];
  const first = entries[0]?.version ?? 1;
  if (position === startPosition) {
    if (first !== 1) return { status: 'truncated' };
  } else if (entries[Number.parseInt(position, 10) - first]?.position !== position) {
    return { status: 'truncated' };
  }
  const from = position === startPosition ? 0 : Number.parseInt(position, 10) - first + 1;
  const page = entries.slice(from, from + limit);
  return { status: 'ok', entries: page, position: page.at(-1)?.position ?? position };
}
