/** Settings for fast-check in `.fuzz.test.ts` files: as many runs as fit into `FUZZ_MS` milliseconds (default 2000). */
export function fuzz(): { interruptAfterTimeLimit: number; numRuns: number; markInterruptAsFailure: false } {
  const limitMs = Number(process.env.FUZZ_MS ?? 2_000);
  return { interruptAfterTimeLimit: limitMs, numRuns: 1_000_000, markInterruptAsFailure: false };
}
