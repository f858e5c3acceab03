import { conditionCases } from './conditions.ts';
import type { ObjectsCase } from './harness.ts';
import { listCases } from './lists.ts';
import { readCases } from './reads.ts';
import { writeCases } from './writes.ts';

/** Everything an object store adapter promises, by name. */
export const objectsCases: readonly ObjectsCase[] = [...writeCases, ...conditionCases, ...readCases, ...listCases];
