import { parseKey } from '../key.ts';
import type { ScanPage } from '../kv.ts';
import type { ScanRequest } from '../requests.ts';
import type { MemoryStore } from './store.ts';

/**
 * The ids are paged in the order of a hash of the key, the cursor being the hash to go on from: what is deleted or added
 * between two pages moves nothing else, so a key that is there throughout is always named.
 */
export function memoryScan(store: MemoryStore, cell: string, request: ScanRequest): ScanPage {
  const from = Number(request.cursor ?? 0);
  const prefix = `{${cell}}:${request.noun}:${request.idPrefix}`;
  const hits = [...store.keys()]
    .filter((key) => key.startsWith(prefix))
    .map((key) => ({ id: parseKey(key).id, hash: hashOf(key) }))
    .filter(({ hash }) => hash >= from)
    .sort((a, b) => a.hash - b.hash);
  const last = hits[request.pageSize - 1]?.hash;
  if (last === undefined) return { ids: hits.map(({ id }) => id), cursor: undefined };
  // Keys with equal hashes stay on one page, or the next page could not tell which were already named.
  const page = hits.filter(({ hash }) => hash <= last);
  return { ids: page.map(({ id }) => id), cursor: page.length < hits.length ? String(last + 1) : undefined };
}

/** FNV-1a, 32 bit. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
