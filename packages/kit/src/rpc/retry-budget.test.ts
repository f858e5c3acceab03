import { describe, expect, it } from 'vitest';
import { RetryBudget } from './retry-budget.ts';

describe('the retry budget', () => {
  it('allows the repetitions of a few failures, none of a server that is down, and recovers with successes', () => {
    const budget = new RetryBudget();
    const allowed = Array.from({ length: 100 }, () => budget.failed());
    expect(allowed.filter(Boolean)).toHaveLength(9);
    expect(budget.failed()).toBe(false);
    for (let n = 0; n < 99; n++) budget.succeeded();
    expect(budget.failed()).toBe(false);
    for (let n = 0; n < 200; n++) budget.succeeded();
    expect(budget.failed()).toBe(true);
  });

  it('keeps repetitions at about a tenth of the calls when every second call fails', () => {
    const budget = new RetryBudget();
    let repeated = 0;
    for (let n = 0; n < 10_000; n++) {
      if (n % 2 === 0) budget.succeeded();
      else if (budget.failed()) repeated++;
    }
    expect(repeated).toBeLessThan(1_000);
  });
});
