import { vi } from 'vitest';

const budgetMs = Number(process.env.FUZZ_MS ?? 2_000);

/** A file has several properties; each gets its share. */
const sharePerProperty = 1 / 4;

/**
 * Settings for fast-check in `.fuzz.test.ts` files: as many runs as fit into a quarter of `FUZZ_MS` milliseconds (default
 * 2000), and at least one. A long fuzz must not run into the timeout of its test, so that grows along.
 */
export function fuzz(): { interruptAfterTimeLimit: number; numRuns: number; markInterruptAsFailure: false } {
  return {
    interruptAfterTimeLimit: budgetMs * sharePerProperty,
    numRuns: 1_000_000_000,
    markInterruptAsFailure: false,
  };
}

/** Call at the top of the file. */
export function allowFuzzTime(): void {
  vi.setConfig({ testTimeout: 20_000 + 2 * budgetMs });
}
