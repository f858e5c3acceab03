import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** The short tier: everything a change must pass before it lands, within ten minutes on two cores. */
export default defineConfig({
  test: {
    include: ['{contracts,packages,services,fleet,cli,tools}/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/*.long.test.ts'],
    // Child processes, not threads: suites change the environment, send signals and start servers.
    pool: 'forks',
    // Two at once even on two cores, because suites on real servers mostly wait; a cap because each of those starts its own.
    maxWorkers: Math.min(8, Math.max(2, availableParallelism() - 1)),
    testTimeout: 20_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
  },
});
