import { createCsr } from '@frameworks/identity/ca/csr';
import { createSilentLogger } from '@frameworks/kit/log';
import { createMetrics } from '@frameworks/kit/metrics';
import { createReconciler } from '@frameworks/kit/reconciler';
import { type Clock, createUuidSource } from '@frameworks/std';
import type { Sql } from '@frameworks/stores/sql';
import { Authorities } from '../src/authorities/authorities.ts';
import { createAuthorityReconciler } from '../src/authorities/authority-reconciler.ts';
import { createKeyVault } from '../src/authorities/ca-secret.ts';
import type { AuthorityPolicy } from '../src/authorities/plan-authorities.ts';
import { readCsrPem, type VerifiedCsr } from '../src/certificates/csr.ts';
import type { IssuanceDeps } from '../src/certificates/issuance.ts';
import { createNavigatorEvents } from '../src/events.ts';
import type { NavigatorTables } from '../src/tables.ts';

export const testDomain = 'frameworks.test';
export const testSecret = 'the secret of the tests, 32 bytes and more';

const minuteMs = 60_000;

/** Short, so that a fake clock sees several roots within the 2 h by which certificates are backdated: real TLS takes them all. */
export const shortPolicy: AuthorityPolicy = {
  longestLeafTtlMs: 4 * minuteMs,
  intermediateTtlMs: 10 * minuteMs,
  rootTtlMs: 40 * minuteMs,
};

export interface TestCaOptions {
  readonly sql: Sql<NavigatorTables>;
  readonly clock: Clock;
  readonly secret?: string;
  readonly trustDomain?: string;
  readonly policy?: AuthorityPolicy;
}

/** The CA without listener and loops, as one Navigator has it. */
export function createTestCa({ sql, clock, ...options }: TestCaOptions): IssuanceDeps {
  const { secret = testSecret, trustDomain = testDomain, policy = shortPolicy } = options;
  const metrics = createMetrics({ service: 'navigator' });
  const log = createSilentLogger();
  const events = createNavigatorEvents({ log, metrics });
  const newId = createUuidSource(clock);
  const deps = { db: sql.db, vault: createKeyVault(secret), policy, trustDomain, clock, newId, events };
  const driver = createReconciler(createAuthorityReconciler(deps), { clock, log, metrics, opTimeoutMs: 30_000 });
  return {
    db: sql.db,
    authorities: new Authorities(deps, driver),
    clock,
    events,
    serviceLeafTtlMs: policy.longestLeafTtlMs,
    seedJoinTokens: async () => undefined,
    random: () => 0,
  };
}

export const never = new AbortController().signal;

export async function newCsr(): Promise<VerifiedCsr> {
  return await readCsrPem((await createCsr()).csrPem);
}
