import { defineConfig, mergeConfig } from 'vitest/config';
import short from './vitest.config.ts';

/** How long each fuzz test searches in this tier. FUZZ_MS in the environment overrides it, for a night's run or a quick look. */
process.env.FUZZ_MS ??= '20000';
const fuzzMs = Number(process.env.FUZZ_MS);

/** The long tier: drills, simulations, and the fuzz tests of the short tier with more time, within forty minutes on two cores. */
const long = mergeConfig(short, { test: { testTimeout: fuzzMs + 180_000, hookTimeout: 180_000 } });
// Replaced, not merged: mergeConfig appends to lists.
long.test = { ...long.test, include: [], exclude: ['**/node_modules/**'] };
long.test.include = ['{contracts,packages,services,fleet,cli,tools}/**/*.{long,fuzz}.test.ts'];
export default defineConfig(long);
