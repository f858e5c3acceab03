import { DeadlineExceeded } from '@frameworks/std';
import { describe, expect, it } from 'vitest';
import { describeError, summarizeError } from './describe-error.ts';
import { ServiceError, toServiceError } from './errors.ts';

describe('ServiceError', () => {
  it('is retryable by code unless it says otherwise', () => {
    const of = (code: 'UNAVAILABLE' | 'NOT_FOUND', retryable?: boolean) =>
      new ServiceError(code, 'X', { message: 'x', ...(retryable === undefined ? {} : { retryable }) }).retryable;
    expect([of('UNAVAILABLE'), of('NOT_FOUND'), of('UNAVAILABLE', false), of('NOT_FOUND', true)]).toEqual([
      true,
      false,
      false,
      true,
    ]);
  });
});

describe('toServiceError', () => {
  const known = new ServiceError('NOT_FOUND', 'NO_SUCH_STREAM', { message: 'x' });
  it.each([
    ['itself', known, 'NO_SUCH_STREAM', 'NOT_FOUND'],
    ['a deadline', new DeadlineExceeded('it', 5), 'DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED'],
    ['an abort', AbortSignal.abort().reason, 'CANCELLED', 'CANCELLED'],
    ['a bug', new TypeError('x is not a function'), 'INTERNAL', 'INTERNAL'],
    ['anything', 'text', 'INTERNAL', 'INTERNAL'],
  ])('maps %s', (_what, thrown, reason, code) => {
    expect(toServiceError(thrown)).toMatchObject({ reason, code });
  });
});

describe('summarizeError', () => {
  it.each([
    [new ServiceError('NOT_FOUND', 'NO_SUCH_STREAM', { message: 'gone' }), 'NO_SUCH_STREAM: gone'],
    [new Error('two\n  lines'), 'two lines'],
    [new AggregateError([new Error('::1 refused'), new Error('127.0.0.1 refused')]), '::1 refused; 127.0.0.1 refused'],
    [new TypeError(''), 'TypeError'],
    ['text', 'text'],
    [Object.create(null), 'a value without a text form'],
  ])('%s', (thrown, text) => {
    expect(summarizeError(thrown)).toBe(text);
  });
});

describe('describeError', () => {
  it('follows causes, but not in circles', () => {
    const error: Error & { cause?: unknown } = new Error('round');
    error.cause = error;
    let depth = 0;
    for (let inner = describeError(error).cause; inner !== undefined; inner = inner.cause) depth++;
    expect(depth).toBe(5);
    expect(describeError(7)).toEqual({ type: 'number', message: '7' });
  });
});
