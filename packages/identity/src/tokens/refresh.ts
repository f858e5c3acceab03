/**
 * Refresh tokens as a family: each use replaces the token, and a replaced one that comes back means that two parties hold
 * copies, so the family ends. Pure: the owner stores the record under its id (guarded by `generation`) and mints the secrets.
 *
 *   active → active (rotated) | revoked(reused | logged_out | expired)
 */
export type RefreshFamily = ActiveFamily | RevokedFamily;

interface FamilyIdentity {
  familyId: string;
  userId: string;
  tenantId: string;
}

export interface ActiveFamily extends FamilyIdentity {
  state: 'active';
  /** Rises with every rotation: the guard of the update that stores it. */
  generation: number;
  currentHash: string;
  /** Newest first, bounded. An older one than these is unknown, and refused like any other. */
  usedHashes: string[];
  rotatedAtMs: number;
  /** When the family ends however often it is used, milliseconds since the epoch. */
  expiresAtMs: number;
}

export interface RevokedFamily extends FamilyIdentity {
  state: 'revoked';
  reason: 'reused' | 'logged_out' | 'expired';
  atMs: number;
}

export type RefreshOutcome =
  /** Store `family` and hand out the token that `currentHash` is of. */
  | { kind: 'rotated'; family: ActiveFamily }
  /** Store `family`: this use has ended it. */
  | { kind: 'revoked'; family: RevokedFamily }
  /** Nothing changes. `repeat`: the previous token again within the grace; `unknown`: never one of this family, or it has ended. */
  | { kind: 'refused'; why: 'repeat' | 'unknown' };

const usedKept = 32;
/** Two tabs, or a repeat after a lost answer, present the previous token right after its use: refuse without ending the session. */
const repeatGraceMs = 10_000;

/** absent → active */
export function startFamily(
  identity: FamilyIdentity,
  first: { hash: string; nowMs: number; lifetimeMs: number },
): ActiveFamily {
  const { hash, nowMs, lifetimeMs } = first;
  const expiresAtMs = nowMs + lifetimeMs;
  return {
    ...identity,
    state: 'active',
    generation: 1,
    currentHash: hash,
    usedHashes: [],
    rotatedAtMs: nowMs,
    expiresAtMs,
  };
}

/** active → active | revoked. `presentedHash` and `nextHash` are from `hashSecret`. */
export function rotateRefresh(
  family: RefreshFamily,
  { presentedHash, nextHash, nowMs }: { presentedHash: string; nextHash: string; nowMs: number },
): RefreshOutcome {
  if (family.state === 'revoked') return { kind: 'refused', why: 'unknown' };
  const { currentHash, usedHashes } = family;
  if (presentedHash !== currentHash && !usedHashes.includes(presentedHash)) return { kind: 'refused', why: 'unknown' };
  if (nowMs >= family.expiresAtMs) return { kind: 'revoked', family: revokeFamily(family, 'expired', nowMs) };
  if (presentedHash !== currentHash) {
    const repeat = presentedHash === usedHashes[0] && nowMs - family.rotatedAtMs < repeatGraceMs;
    return repeat
      ? { kind: 'refused', why: 'repeat' }
      : { kind: 'revoked', family: revokeFamily(family, 'reused', nowMs) };
  }
  const used = [currentHash, ...usedHashes].slice(0, usedKept);
  const rotated = {
    ...family,
    generation: family.generation + 1,
    currentHash: nextHash,
    usedHashes: used,
    rotatedAtMs: nowMs,
  };
  return { kind: 'rotated', family: rotated };
}

/** active → revoked; a revoked one stays as it is. */
export function revokeFamily(family: RefreshFamily, reason: RevokedFamily['reason'], nowMs: number): RevokedFamily {
  if (family.state === 'revoked') return family;
  const { familyId, userId, tenantId } = family;
  return { familyId, userId, tenantId, state: 'revoked', reason, atMs: nowMs };
}
