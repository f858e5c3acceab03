import { describe, expect, it } from 'vitest';
import { abortable, childController, isAbort, untilAborted } from './abort.ts';

describe('abortable', () => {
  it('leaves as soon as the signal aborts and swallows a late failure', async () => {
    const stop = new AbortController();
    const work = Promise.withResolvers<number>();
    const result = abortable(work.promise, stop.signal);
    stop.abort(new Error('enough'));
    await expect(result).rejects.toThrow('enough');
    work.reject(new Error('too late to matter'));
    await expect(abortable(Promise.resolve(1), undefined)).resolves.toBe(1);
    await expect(abortable(Promise.resolve(1), stop.signal)).rejects.toThrow('enough');
  });
});

describe('childController', () => {
  it('aborts with any parent, or alone', async () => {
    const [a, b] = [new AbortController(), new AbortController()];
    const both = childController(a.signal, undefined, b.signal);
    const alone = childController(a.signal);
    alone.abort('alone');
    b.abort('b');
    expect([both.signal.reason, alone.signal.reason, a.signal.aborted]).toEqual(['b', 'alone', false]);
    expect(childController(b.signal).signal.reason).toBe('b');
    await untilAborted(both.signal);
  });

  it('no longer follows a parent once disposed', () => {
    const parent = new AbortController();
    const child = childController(parent.signal);
    child[Symbol.dispose]();
    parent.abort();
    expect(child.signal.aborted).toBe(false);
  });
});

describe('isAbort', () => {
  it('knows the reason of the signal and the platform error', () => {
    const reason = new Error('mine');
    expect(isAbort(reason, AbortSignal.abort(reason))).toBe(true);
    expect(isAbort(reason)).toBe(false);
    expect(isAbort(AbortSignal.abort().reason)).toBe(true);
  });
});
