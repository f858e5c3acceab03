import { describe, expect, it } from 'vitest';
import { type ActiveFamily, type RefreshFamily, revokeFamily, rotateRefresh, startFamily } from './refresh.ts';

const nowMs = 1_000_000;
const identity = { familyId: 'f', userId: 'u', tenantId: 't' };
const fresh = () => startFamily(identity, { hash: 'h1', nowMs, lifetimeMs: 100_000 });

function rotated(family: RefreshFamily, presentedHash: string, nextHash: string, atMs = nowMs): ActiveFamily {
  const outcome = rotateRefresh(family, { presentedHash, nextHash, nowMs: atMs });
  if (outcome.kind !== 'rotated') throw new Error(`expected a rotation, got ${outcome.kind}`);
  return outcome.family;
}

describe('refresh families', () => {
  it('replace the token with every use, up to a fixed end', () => {
    const third = rotated(rotated(fresh(), 'h1', 'h2'), 'h2', 'h3', nowMs + 1);
    expect(third).toMatchObject({
      generation: 3,
      currentHash: 'h3',
      usedHashes: ['h2', 'h1'],
      expiresAtMs: nowMs + 100_000,
    });
  });

  it('end when a replaced token comes back', () => {
    const family = rotated(rotated(fresh(), 'h1', 'h2'), 'h2', 'h3');
    const outcome = rotateRefresh(family, { presentedHash: 'h1', nextHash: 'x', nowMs: nowMs + 1 });
    expect(outcome).toEqual({
      kind: 'revoked',
      family: { ...identity, state: 'revoked', reason: 'reused', atMs: nowMs + 1 },
    });
    if (outcome.kind !== 'revoked') return;
    expect(rotateRefresh(outcome.family, { presentedHash: 'h3', nextHash: 'x', nowMs })).toEqual({
      kind: 'refused',
      why: 'unknown',
    });
  });

  it('refuse, without ending, the token just replaced when it is repeated at once; later it ends them', () => {
    const family = rotated(fresh(), 'h1', 'h2');
    const repeat = (atMs: number) => rotateRefresh(family, { presentedHash: 'h1', nextHash: 'x', nowMs: atMs });
    expect(repeat(nowMs + 9_999)).toEqual({ kind: 'refused', why: 'repeat' });
    expect(repeat(nowMs + 10_000)).toMatchObject({ kind: 'revoked', family: { reason: 'reused' } });
  });

  it('refuse a token that was never theirs, and end at their time', () => {
    expect(rotateRefresh(fresh(), { presentedHash: 'zz', nextHash: 'x', nowMs })).toEqual({
      kind: 'refused',
      why: 'unknown',
    });
    const late = rotateRefresh(fresh(), { presentedHash: 'h1', nextHash: 'x', nowMs: nowMs + 100_000 });
    expect(late).toMatchObject({ kind: 'revoked', family: { reason: 'expired' } });
  });

  it('stay revoked for the first reason', () => {
    const out = revokeFamily(fresh(), 'logged_out', nowMs);
    expect(revokeFamily(out, 'reused', nowMs + 5)).toBe(out);
  });

  it('remember a bounded number of used tokens', () => {
    let family = fresh();
    for (let n = 1; n < 100; n++) family = rotated(family, `h${n}`, `h${n + 1}`);
    expect(family.usedHashes).toHaveLength(32);
  });
});
