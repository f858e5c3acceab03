import type { Changelog } from './changelog.ts';
import type { KvHashes, KvValues, ScanPage } from './kv.ts';
import type { KvLeases } from './lease.ts';
import type { ScanRequest } from './requests.ts';

/**
 * What an adapter writes: the same operations as `Kv`, with arguments that `guard.ts` has already checked and defaults
 * filled in. An adapter never validates, so a mistake gets the same answer from all of them.
 */
export interface KvAdapter extends KvValues, KvHashes, KvLeases {
  scan(request: ScanRequest): Promise<ScanPage>;
  changelog(name: string, options: { maxEntries: number }): Changelog;
  ping(): Promise<void>;
  /** Called once, after every wait was aborted. */
  close(): Promise<void>;
}
