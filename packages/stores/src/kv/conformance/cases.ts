import { boundCases } from './bounds.ts';
import { changelogCases } from './changelogs.ts';
import { expiryCases } from './expiry.ts';
import type { KvCase } from './harness.ts';
import { hashCases } from './hashes.ts';
import { leaseCases } from './leases.ts';
import { scanCases } from './scans.ts';
import { valueCases } from './values.ts';

/** Everything a kv adapter promises, by name. Every adapter passes all of it; there are no exceptions to list. */
export const kvCases: readonly KvCase[] = [
  ...valueCases,
  ...expiryCases,
  ...hashCases,
  ...scanCases,
  ...leaseCases,
  ...changelogCases,
  ...boundCases,
];
