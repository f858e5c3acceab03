import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration } from './duration.ts';

describe('parseDuration', () => {
  it.each([
    ['500ms', 500],
    ['10s', 10_000],
    ['5m', 300_000],
    ['72h', 259_200_000],
    ['30d', 2_592_000_000],
    ['1500', 1_500],
    ['0', 0],
    ['1.5s', 1_500],
    ['0.1h', 360_000],
    ['0.001s', 1],
    [' 10s ', 10_000],
  ])('%s is %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    '',
    's',
    '-1s',
    '+1s',
    '1 s',
    '1h30m',
    '10S',
    '1e3',
    '0x10',
    '.5s',
    '1.s',
    '0.5ms',
    '1.0001s',
    '1w',
    'Infinity',
    '٣s',
  ])('refuses %j', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it('refuses what cannot be counted exactly', () => {
    expect(parseDuration('9007199254740991')).toBe(Number.MAX_SAFE_INTEGER);
    expect(parseDuration('9007199254740992')).toBeUndefined();
    expect(parseDuration('9999999999999999d')).toBeUndefined();
  });
});

describe('formatDuration', () => {
  it.each([
    [0, '0ms'],
    [90_000, '90s'],
    [259_200_000, '3d'],
    [1_001, '1001ms'],
  ])('%d is %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});
