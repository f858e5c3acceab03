/** The seams behind which state lives, each chosen by URL and each with one conformance suite for all its adapters. */
export * from './sql/index.ts';
