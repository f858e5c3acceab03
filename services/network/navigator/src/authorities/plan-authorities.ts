import type { Authority, TrustBundle } from './authority.ts';

/** Lifetimes, milliseconds. */
export interface AuthorityPolicy {
  readonly rootTtlMs: number;
  readonly intermediateTtlMs: number;
  /** The longest leaf we sign, services and nodes alike. */
  readonly longestLeafTtlMs: number;
}

export interface AuthoritySnapshot {
  readonly authorities: readonly Authority[];
  /** The newest; undefined before the first. */
  readonly bundle: TrustBundle | undefined;
}

export type AuthorityOperation =
  | { readonly kind: 'create_root'; readonly generation: number; readonly signsFromUnixMs: number }
  | { readonly kind: 'issue_intermediate'; readonly generation: number; readonly rootId: string }
  | { readonly kind: 'retire'; readonly authorityId: string; readonly reason: 'expired' | 'superseded' }
  | {
      readonly kind: 'publish_bundle';
      readonly generation: number;
      readonly rootIds: readonly string[];
      readonly intermediateIds: readonly string[];
    };

/**
 * What the CA has to do now. One pass gives the operations whose preconditions already hold (no intermediate is planned below a
 * root that does not exist yet), so the caller repeats until nothing is left.
 *
 * Rotation of a root: its successor is created at half life and trusted at once, but signs only `longestLeafTtlMs` later. Whoever
 * holds a valid leaf then has fetched it after the successor was published, and got the bundle with it: nobody is surprised.
 */
export function planAuthorities(
  nowMs: number,
  snapshot: AuthoritySnapshot,
  policy: AuthorityPolicy,
): AuthorityOperation[] {
  const live = snapshot.authorities.filter((authority) => authority.retiredUnixMs === undefined);
  return [
    ...planRetirements(nowMs, live),
    ...planRoot(nowMs, snapshot.authorities, policy),
    ...planIntermediate(nowMs, snapshot.authorities),
    ...planBundle(nowMs, snapshot),
  ];
}

/** The root that signs intermediates at `nowMs`: the newest that may. */
export function findSigningRoot(nowMs: number, authorities: readonly Authority[]): Authority | undefined {
  return newest(authorities.filter((authority) => authority.kind === 'root' && maySign(nowMs, authority)));
}

/**
 * The intermediate that signs leaves at `nowMs`: the newest of the newest root that has one. Between a root's first moment and
 * its first intermediate the predecessor's goes on signing.
 */
export function findSigningIntermediate(nowMs: number, authorities: readonly Authority[]): Authority | undefined {
  return newest(authorities.filter((authority) => authority.kind === 'intermediate' && maySign(nowMs, authority)));
}

function planRoot(nowMs: number, authorities: readonly Authority[], policy: AuthorityPolicy): AuthorityOperation[] {
  const latest = newest(authorities.filter((authority) => authority.kind === 'root'));
  if (latest && latest.retiredUnixMs === undefined && !pastHalfLife(nowMs, latest)) return [];
  // With nobody left to surprise (no root at all, or all expired) waiting would only prolong the outage.
  const someoneTrustsUs = latest !== undefined && maySign(nowMs, latest);
  const signsFromUnixMs = someoneTrustsUs ? nowMs + policy.longestLeafTtlMs : nowMs;
  return [{ kind: 'create_root', generation: (latest?.generation ?? 0) + 1, signsFromUnixMs }];
}

function planIntermediate(nowMs: number, authorities: readonly Authority[]): AuthorityOperation[] {
  const root = findSigningRoot(nowMs, authorities);
  if (!root) return [];
  const latest = newest(authorities.filter((authority) => authority.kind === 'intermediate'));
  const serving = latest?.issuerId === root.id && maySign(nowMs, latest) && !pastHalfLife(nowMs, latest);
  return serving ? [] : [{ kind: 'issue_intermediate', generation: (latest?.generation ?? 0) + 1, rootId: root.id }];
}

/** A key that will never sign again is destroyed: the best protected key is the one that no longer exists. */
function planRetirements(nowMs: number, live: readonly Authority[]): AuthorityOperation[] {
  const signing = { root: findSigningRoot(nowMs, live), intermediate: findSigningIntermediate(nowMs, live) };
  return live.flatMap((authority): AuthorityOperation[] => {
    if (nowMs >= authority.notAfterUnixMs) return [{ kind: 'retire', authorityId: authority.id, reason: 'expired' }];
    const successor = signing[authority.kind];
    const superseded = successor !== undefined && successor.generation > authority.generation;
    // The other Navigators notice a successor with their next pass; until then they sign with this one from memory, which is
    // why superseded authorities stay in the bundle until they expire.
    return superseded ? [{ kind: 'retire', authorityId: authority.id, reason: 'superseded' }] : [];
  });
}

function planBundle(nowMs: number, { authorities, bundle }: AuthoritySnapshot): AuthorityOperation[] {
  const rootIds = trustedIds(nowMs, authorities, 'root');
  const intermediateIds = trustedIds(nowMs, authorities, 'intermediate');
  // An empty bundle would cut everybody off for good; the next root is being made anyway.
  if (rootIds.length === 0) return [];
  if (bundle && sameIds(bundle.rootIds, rootIds) && sameIds(bundle.intermediateIds, intermediateIds)) return [];
  return [{ kind: 'publish_bundle', generation: (bundle?.generation ?? 0) + 1, rootIds, intermediateIds }];
}

function trustedIds(nowMs: number, authorities: readonly Authority[], kind: Authority['kind']): string[] {
  return authorities
    .filter((authority) => authority.kind === kind && nowMs < authority.notAfterUnixMs)
    .toSorted((a, b) => a.generation - b.generation)
    .map((authority) => authority.id);
}

function sameIds(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((id, index) => id === b[index]);
}

function maySign(nowMs: number, authority: Authority): boolean {
  const { retiredUnixMs, signsFromUnixMs, notAfterUnixMs } = authority;
  return retiredUnixMs === undefined && nowMs >= signsFromUnixMs && nowMs < notAfterUnixMs;
}

/** Half of the time between creation and end: backdating does not count as life. */
function pastHalfLife(nowMs: number, { createdUnixMs, notAfterUnixMs }: Authority): boolean {
  return nowMs >= createdUnixMs + (notAfterUnixMs - createdUnixMs) / 2;
}

function newest(authorities: readonly Authority[]): Authority | undefined {
  return authorities.reduce<Authority | undefined>(
    (latest, authority) => (latest && latest.generation > authority.generation ? latest : authority),
    undefined,
  );
}
