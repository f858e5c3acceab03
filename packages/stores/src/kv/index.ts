/** The kv seam: see `kv.ts` for what it promises. */
export {
  type AppendAnswer,
  type Change,
  type Changelog,
  type ChangelogEntity,
  type ChangelogEntry,
  type ChangelogSnapshot,
  type ReadAnswer,
  type ReadOptions,
  startPosition,
} from './changelog.ts';
export { type FollowEvent, follow } from './follow.ts';
export { buildKey, type KvKey, parseKey } from './key.ts';
export type {
  ChangelogOptions,
  Kv,
  KvHashes,
  KvLog,
  KvOptions,
  KvValues,
  ScanOptions,
  ScanPage,
  Swap,
  TtlOptions,
} from './kv.ts';
export { LeaderElection, type LeaderElectionOptions } from './leader.ts';
export type { LeaderState } from './leader-state.ts';
export type { Leadership } from './leader-status.ts';
export type { KvLeases, LeaseAnswer, LeaseHold, LeaseRequest, LeaseView } from './lease.ts';
export { limits as kvLimits } from './limits.ts';
export { wipeMemoryKv } from './memory/memory.ts';
export { openKv } from './open.ts';
