import { describe, expect, test } from 'vitest';
import type { Authority, AuthorityKind, TrustBundle } from './authority.ts';
import {
  type AuthorityOperation,
  type AuthorityPolicy,
  type AuthoritySnapshot,
  planAuthorities,
} from './plan-authorities.ts';

const policy: AuthorityPolicy = { rootTtlMs: 1_000, intermediateTtlMs: 200, longestLeafTtlMs: 100 };

function authority(kind: AuthorityKind, generation: number, overrides: Partial<Authority> = {}): Authority {
  return {
    id: `${kind}-${generation}`,
    kind,
    generation,
    issuerId: kind === 'root' ? undefined : 'root-1',
    trustDomain: 'frameworks.test',
    certificatePem: '',
    createdUnixMs: 0,
    notBeforeUnixMs: -7_200_000,
    notAfterUnixMs: kind === 'root' ? 1_000 : 200,
    signsFromUnixMs: 0,
    retiredUnixMs: undefined,
    ...overrides,
  };
}

function bundle(generation: number, rootIds: string[], intermediateIds: string[]): TrustBundle {
  return { generation, createdUnixMs: 0, rootIds, intermediateIds };
}

const root1 = authority('root', 1);
const intermediate1 = authority('intermediate', 1);
const settled: AuthoritySnapshot = {
  authorities: [root1, intermediate1],
  bundle: bundle(3, ['root-1'], ['intermediate-1']),
};
const root2 = authority('root', 2, { createdUnixMs: 500, notAfterUnixMs: 1_500, signsFromUnixMs: 600 });
const late = authority('intermediate', 4, { createdUnixMs: 550, notAfterUnixMs: 750 });
const intermediate5 = authority('intermediate', 5, { issuerId: 'root-2', createdUnixMs: 600, notAfterUnixMs: 800 });

const cases: [string, number, AuthoritySnapshot, AuthorityOperation[]][] = [
  [
    'nothing yet: a root, and nothing below what does not exist',
    0,
    { authorities: [], bundle: undefined },
    [{ kind: 'create_root', generation: 1, signsFromUnixMs: 0 }],
  ],
  [
    'a root: its intermediate and the first bundle',
    0,
    { authorities: [root1], bundle: undefined },
    [
      { kind: 'issue_intermediate', generation: 1, rootId: 'root-1' },
      { kind: 'publish_bundle', generation: 1, rootIds: ['root-1'], intermediateIds: [] },
    ],
  ],
  ['all there: nothing', 99, settled, []],
  [
    'half life of the intermediate: the next one, while the old one goes on',
    100,
    settled,
    [{ kind: 'issue_intermediate', generation: 2, rootId: 'root-1' }],
  ],
  [
    'the next intermediate signs: the old key goes, the old certificate stays in the bundle',
    101,
    {
      ...settled,
      authorities: [root1, intermediate1, authority('intermediate', 2, { createdUnixMs: 100, notAfterUnixMs: 300 })],
    },
    [
      { kind: 'retire', authorityId: 'intermediate-1', reason: 'superseded' },
      {
        kind: 'publish_bundle',
        generation: 4,
        rootIds: ['root-1'],
        intermediateIds: ['intermediate-1', 'intermediate-2'],
      },
    ],
  ],
  [
    'half life of the root: a successor, trusted at once, signing one longest leaf later',
    550,
    { authorities: [root1, late], bundle: bundle(9, ['root-1'], ['intermediate-4']) },
    [{ kind: 'create_root', generation: 2, signsFromUnixMs: 650 }],
  ],
  [
    'a successor that does not sign yet: only the bundle changes',
    599,
    { authorities: [root1, root2, late], bundle: bundle(9, ['root-1'], ['intermediate-4']) },
    [{ kind: 'publish_bundle', generation: 10, rootIds: ['root-1', 'root-2'], intermediateIds: ['intermediate-4'] }],
  ],
  [
    'the successor signs: the old root key goes, an intermediate below the new root comes',
    600,
    { authorities: [root1, root2, late], bundle: bundle(10, ['root-1', 'root-2'], ['intermediate-4']) },
    [
      { kind: 'retire', authorityId: 'root-1', reason: 'superseded' },
      { kind: 'issue_intermediate', generation: 5, rootId: 'root-2' },
    ],
  ],
  [
    'the end of the old root: out of the bundle',
    1_000,
    {
      authorities: [
        authority('root', 1, { retiredUnixMs: 600 }),
        { ...root2, createdUnixMs: 900, notAfterUnixMs: 1_900 },
        { ...intermediate5, createdUnixMs: 950, notAfterUnixMs: 1_150 },
      ],
      bundle: bundle(12, ['root-1', 'root-2'], ['intermediate-5']),
    },
    [{ kind: 'publish_bundle', generation: 13, rootIds: ['root-2'], intermediateIds: ['intermediate-5'] }],
  ],
  [
    'everything expired while we were down: a new root that signs at once, the bundle keeps its last word until it exists',
    5_000,
    settled,
    [
      { kind: 'retire', authorityId: 'root-1', reason: 'expired' },
      { kind: 'retire', authorityId: 'intermediate-1', reason: 'expired' },
      { kind: 'create_root', generation: 2, signsFromUnixMs: 5_000 },
    ],
  ],
];

describe('planAuthorities', () => {
  test.each(cases)('%s', (_name, nowMs, snapshot, expected) => {
    expect(planAuthorities(nowMs, snapshot, policy)).toEqual(expected);
  });
});
