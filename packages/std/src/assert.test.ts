import { describe, expect, it } from 'vitest';
import { AssertionError, assert, assertDefined, assertNever } from './assert.ts';

describe('assert', () => {
  it('throws its own error for what must not be', () => {
    expect(() => assert(false, 'books balance')).toThrow(AssertionError);
    expect(() => assert(1, 'truth is enough')).not.toThrow();
    expect(() => assertDefined(undefined, 'the row')).toThrow('the row is missing');
    expect(assertDefined(0, 'the row')).toBe(0);
  });

  it('names the value that no case covers', () => {
    // `as never`: what arrives from outside the type is the case under test.
    expect(() => assertNever('paused' as never, 'state')).toThrow('unexpected state: "paused"');
  });
});
