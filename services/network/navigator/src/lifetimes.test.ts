import { describe, expect, test } from 'vitest';
import { listLifetimeMistakes } from './lifetimes.ts';

describe('listLifetimeMistakes', () => {
  const fitting = { serviceLeafTtlMs: 10, nodeLeafTtlMs: 20, intermediateTtlMs: 40, rootTtlMs: 120 };
  test.each([
    ['just enough', {}, []],
    ['intermediate too short for two leaves', { intermediateTtlMs: 39 }, ['NAVIGATOR_INTERMEDIATE_TTL']],
    ['root too short', { rootTtlMs: 119 }, ['NAVIGATOR_ROOT_TTL']],
    ['the longest leaf counts', { serviceLeafTtlMs: 21 }, ['NAVIGATOR_INTERMEDIATE_TTL', 'NAVIGATOR_ROOT_TTL']],
  ])('%s', (_, change, variables) => {
    expect(listLifetimeMistakes({ ...fitting, ...change }).map(({ variable }) => variable)).toEqual(variables);
  });
});
