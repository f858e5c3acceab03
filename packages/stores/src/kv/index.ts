/** The kv seam: see `kv.ts` for what it promises. */
export type * from './changelog.ts';
export { startPosition } from './changelog.ts';
export { type FollowEvent, follow } from './follow.ts';
export { buildKey, type KvKey, parseKey } from './key.ts';
export type * from './kv.ts';
export { LeaderElection, type LeaderElectionOptions, type Leadership } from './leader.ts';
export type { LeaderState } from './leader-state.ts';
export type * from './lease.ts';
export { limits as kvLimits } from './limits.ts';
export { wipeMemoryKv } from './memory/memory.ts';
export { openKv } from './open.ts';
