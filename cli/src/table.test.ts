import { expect, it } from 'vitest';
import { formatDuration, formatTable } from './table.ts';

it('aligns columns and leaves no blanks at the end', () => {
  expect(
    formatTable([
      ['A', 'LONG'],
      ['wide one', ''],
      ['x', 'y'],
    ]),
  ).toEqual(['A         LONG', 'wide one', 'x         y']);
  expect(formatTable([])).toEqual([]);
});

it.each([
  [-5, '0 ms'],
  [0.4, '0 ms'],
  [999, '999 ms'],
  [1000, '1.0 s'],
  [61_000, '1 min'],
  [7_200_000, '2 h'],
  [172_800_000, '2 days'],
])('shows %d ms as %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});
