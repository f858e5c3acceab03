import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{contracts,packages,services,fleet,cli,tools}/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/*.long.test.ts'],
    pool: 'forks',
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
});
