import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Authority } from './authority.ts';
import {
  type AuthorityOperation,
  type AuthorityPolicy,
  type AuthoritySnapshot,
  findSigningIntermediate,
  planAuthorities,
} from './plan-authorities.ts';

/** What the database and the signer do with an operation, without either. */
function apply(snapshot: AuthoritySnapshot, operation: AuthorityOperation, nowMs: number, policy: AuthorityPolicy) {
  const { authorities } = snapshot;
  switch (operation.kind) {
    case 'create_root':
    case 'issue_intermediate':
      return { ...snapshot, authorities: [...authorities, newAuthority(authorities, operation, nowMs, policy)] };
    case 'retire':
      return {
        ...snapshot,
        authorities: authorities.map((one) =>
          one.id === operation.authorityId ? { ...one, retiredUnixMs: nowMs } : one,
        ),
      };
    case 'publish_bundle':
      return { ...snapshot, bundle: { ...operation, createdUnixMs: nowMs } };
  }
}

function newAuthority(
  authorities: readonly Authority[],
  operation: Extract<AuthorityOperation, { kind: 'create_root' | 'issue_intermediate' }>,
  nowMs: number,
  policy: AuthorityPolicy,
): Authority {
  const isRoot = operation.kind === 'create_root';
  const issuer = isRoot ? undefined : authorities.find((one) => one.id === operation.rootId);
  const ownEndMs = nowMs + (isRoot ? policy.rootTtlMs : policy.intermediateTtlMs);
  return {
    id: `${isRoot ? 'root' : 'intermediate'}-${operation.generation}`,
    kind: isRoot ? 'root' : 'intermediate',
    generation: operation.generation,
    issuerId: issuer?.id,
    trustDomain: 'frameworks.test',
    certificatePem: '',
    notBeforeUnixMs: nowMs,
    notAfterUnixMs: Math.min(ownEndMs, issuer?.notAfterUnixMs ?? ownEndMs),
    createdUnixMs: nowMs,
    signsFromUnixMs: isRoot ? operation.signsFromUnixMs : nowMs,
    retiredUnixMs: undefined,
  };
}

/** Repeats until nothing is planned, as the reconciler does. More than ten rounds mean that it never settles. */
function settle(snapshot: AuthoritySnapshot, nowMs: number, policy: AuthorityPolicy): AuthoritySnapshot {
  let current = snapshot;
  for (let round = 0; round < 10; round++) {
    const plan = planAuthorities(nowMs, current, policy);
    if (plan.length === 0) return current;
    for (const operation of plan) current = apply(current, operation, nowMs, policy);
  }
  throw new Error('the plan never settles');
}

const policies = fc
  .record({
    leaf: fc.integer({ min: 10, max: 100 }),
    intermediate: fc.integer({ min: 2, max: 6 }),
    root: fc.integer({ min: 2, max: 5 }),
  })
  .map(({ leaf, intermediate, root }): AuthorityPolicy => {
    const intermediateTtlMs = leaf * intermediate;
    return { longestLeafTtlMs: leaf, intermediateTtlMs, rootTtlMs: root * (intermediateTtlMs + leaf) };
  });

test('over several roots: full leaves always, and nobody meets a root it has not been told of', () => {
  fc.assert(
    fc.property(policies, fc.integer({ min: 1, max: 4 }), (policy, stepMs) => {
      let snapshot: AuthoritySnapshot = { authorities: [], bundle: undefined };
      const trustedSinceMs = new Map<string, number>();
      let lastGeneration = 0;
      for (let nowMs = 0; nowMs < policy.rootTtlMs * 3; nowMs += stepMs) {
        snapshot = settle(snapshot, nowMs, policy);
        const { bundle } = snapshot;
        const signer = findSigningIntermediate(nowMs, snapshot.authorities);
        if (!bundle || !signer?.issuerId) throw new Error('nobody can sign');
        expect(bundle.generation).toBeGreaterThanOrEqual(lastGeneration);
        lastGeneration = bundle.generation;
        for (const id of bundle.rootIds) if (!trustedSinceMs.has(id)) trustedSinceMs.set(id, nowMs);
        // A leaf signed now lives its whole life; one step of slack because rotation happens at a step, not at half life itself.
        expect(signer.notAfterUnixMs).toBeGreaterThanOrEqual(nowMs + policy.longestLeafTtlMs - 2 * stepMs);
        expect(bundle.rootIds).toContain(signer.issuerId);
        const toldMs = nowMs - (trustedSinceMs.get(signer.issuerId) ?? nowMs);
        if (signer.issuerId !== 'root-1') expect(toldMs).toBeGreaterThanOrEqual(policy.longestLeafTtlMs);
      }
    }),
    { interruptAfterTimeLimit: Number(process.env.FUZZ_MS ?? 2_000), markInterruptAsFailure: false },
  );
}, 30_000);
