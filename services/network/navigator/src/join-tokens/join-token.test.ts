import { describe, expect, test } from 'vitest';
import {
  decideJoinTokenUse,
  exhaustJoinToken,
  expireJoinToken,
  type JoinToken,
  type JoinTokenState,
  joinTokenAt,
  revokeJoinToken,
} from './join-token.ts';

const facts = {
  id: '0190a000-0000-7000-8000-000000000001',
  spiffeId: 'spiffe://frameworks.test/control/quartermaster/qm-1',
  createdUnixMs: 1_000,
  expiresUnixMs: 5_000,
  createdBy: 'operator',
};
const key = new Uint8Array(32).fill(1);
const otherKey = new Uint8Array(32).fill(2);

const tokens: Record<JoinTokenState, JoinToken> = {
  active: { ...facts, state: 'active' },
  exhausted: { ...facts, state: 'exhausted', usedUnixMs: 2_000, keySha256: key },
  expired: { ...facts, state: 'expired' },
  revoked: { ...facts, state: 'revoked' },
};
const states: JoinTokenState[] = ['active', 'exhausted', 'expired', 'revoked'];
const transitions: Record<Exclude<JoinTokenState, 'active'>, (token: JoinToken) => JoinToken> = {
  exhausted: (token) => exhaustJoinToken(token, key, 3_000),
  expired: expireJoinToken,
  revoked: revokeJoinToken,
};

describe('transitions', () => {
  for (const [to, transition] of Object.entries(transitions)) {
    test(`active → ${to}`, () => {
      expect(transition(tokens.active)).toMatchObject({ ...facts, state: to });
    });
    for (const from of states.filter((state) => state !== 'active')) {
      test(`${from} → ${to} is refused`, () => {
        expect(() => transition(tokens[from])).toThrow(expect.objectContaining({ reason: 'JOIN_TOKEN_ENDED' }));
      });
    }
  }
});

describe('joinTokenAt', () => {
  test('an active token is expired from its last millisecond on', () => {
    expect(joinTokenAt(tokens.active, 4_999).state).toBe('active');
    expect(joinTokenAt(tokens.active, 5_000).state).toBe('expired');
  });
  test.each(['exhausted', 'expired', 'revoked'] as const)('%s stays', (state) => {
    expect(joinTokenAt(tokens[state], 9_000)).toBe(tokens[state]);
  });
});

describe('decideJoinTokenUse', () => {
  const cases: [JoinTokenState, Uint8Array, number, string][] = [
    ['active', key, 4_999, 'bind'],
    ['active', key, 5_000, 'JOIN_TOKEN_EXPIRED'],
    ['exhausted', key, 4_999, 'repeat'],
    ['exhausted', otherKey, 4_999, 'JOIN_TOKEN_USED'],
    ['exhausted', key, 5_000, 'JOIN_TOKEN_EXPIRED'],
    ['exhausted', otherKey, 5_000, 'JOIN_TOKEN_EXPIRED'],
    ['expired', key, 2_000, 'JOIN_TOKEN_EXPIRED'],
    ['revoked', key, 2_000, 'JOIN_TOKEN_REVOKED'],
    ['revoked', key, 9_000, 'JOIN_TOKEN_REVOKED'],
  ];
  test.each(cases)('%s token at the key %o, %i ms → %s', (state, usedKey, nowMs, expected) => {
    const use = decideJoinTokenUse(tokens[state], usedKey, nowMs);
    expect(use.outcome === 'refused' ? use.reason : use.outcome).toBe(expected);
  });
});
