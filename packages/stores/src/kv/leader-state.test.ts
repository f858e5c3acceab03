import { describe, expect, test } from 'vitest';
import type { LeaderState } from './leader-state.ts';
import * as state from './leader-state.ts';

const timing = state.timingOf(1000);
const sources: Record<LeaderState['kind'], LeaderState> = {
  follower: { kind: 'follower', highestFence: 4 },
  settling: { kind: 'settling', fence: 5, until: 900, actsFrom: 1000 },
  leader: { kind: 'leader', fence: 5, until: 900 },
  stopped: { kind: 'stopped', highestFence: 5 },
};

/** transition → from each source state: the result, or a refusal. */
const table: Record<
  string,
  { run: (from: LeaderState) => LeaderState; to: Partial<Record<LeaderState['kind'], LeaderState>> }
> = {
  'acquired, store sure': {
    run: (from) => state.acquired(from, { fence: 6, mayHaveForgotten: false, sentAt: 100 }, timing),
    to: { follower: { kind: 'leader', fence: 6, until: 1000 } },
  },
  'acquired, store may have forgotten': {
    run: (from) => state.acquired(from, { fence: 6, mayHaveForgotten: true, sentAt: 100 }, timing),
    to: { follower: { kind: 'settling', fence: 6, until: 1000, actsFrom: 1100 } },
  },
  'refused with a higher fence': {
    run: (from) => state.refused(from, 9),
    to: { follower: { kind: 'follower', highestFence: 9 } },
  },
  'refused with a lower fence': {
    run: (from) => state.refused(from, 1),
    to: { follower: { kind: 'follower', highestFence: 4 } },
  },
  renewed: {
    run: (from) => state.renewed(from, 500, timing),
    to: {
      settling: { kind: 'settling', fence: 5, until: 1400, actsFrom: 1000 },
      leader: { kind: 'leader', fence: 5, until: 1400 },
    },
  },
  'renewed by an old answer': {
    run: (from) => state.renewed(from, -500, timing),
    to: {
      settling: { kind: 'settling', fence: 5, until: 900, actsFrom: 1000 },
      leader: { kind: 'leader', fence: 5, until: 900 },
    },
  },
  settled: { run: (from) => state.settled(from, 1000), to: { settling: { kind: 'leader', fence: 5, until: 900 } } },
  lost: {
    run: state.lost,
    to: { settling: { kind: 'follower', highestFence: 5 }, leader: { kind: 'follower', highestFence: 5 } },
  },
  stopped: {
    run: state.stopped,
    to: {
      follower: { kind: 'stopped', highestFence: 4 },
      settling: { kind: 'stopped', highestFence: 5 },
      leader: { kind: 'stopped', highestFence: 5 },
      stopped: { kind: 'stopped', highestFence: 5 },
    },
  },
};

describe('leader transitions', () => {
  for (const [name, { run, to }] of Object.entries(table)) {
    for (const from of Object.values(sources)) {
      const expected = to[from.kind];
      test(`${name}: ${from.kind} → ${expected?.kind ?? 'refused'}`, () => {
        if (expected === undefined) expect(() => run(from)).toThrow('no transition');
        else expect(run(from)).toEqual(expected);
      });
    }
  }

  test('nobody settles too early', () => {
    expect(() => state.settled(sources.settling, 999)).toThrow('1 ms too early');
  });

  test('only a leader with time left acts', () => {
    expect(state.isActing(sources.leader, 899)).toBe(true);
    expect(state.isActing(sources.leader, 900)).toBe(false);
    for (const kind of ['follower', 'settling', 'stopped'] as const)
      expect(state.isActing(sources[kind], 0)).toBe(false);
  });
});

test.each([
  ['follower', 1e9, 'follower'],
  ['settling', 899, 'settling'],
  // Not renewed: lost before it could act.
  ['settling', 900, 'follower'],
  ['leader', 899, 'leader'],
  ['leader', 900, 'follower'],
  ['stopped', 1e9, 'stopped'],
] as const)('the clock makes of a %s at %d: %s', (kind, now, expected) => {
  expect(state.atTime(sources[kind], now).kind).toBe(expected);
});

test('a settling contender that renewed leads from the moment it may act', () => {
  const renewed: LeaderState = { kind: 'settling', fence: 5, until: 1500, actsFrom: 1000 };
  expect(state.atTime(renewed, 999)).toBe(renewed);
  expect(state.atTime(renewed, 1000)).toEqual({ kind: 'leader', fence: 5, until: 1500 });
  expect(state.nextTurnOf(renewed)).toBe(1000);
  expect(Object.values(sources).map(state.nextTurnOf)).toEqual([Infinity, 900, 900, Infinity]);
});
