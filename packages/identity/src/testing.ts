import type { CertificateMaterial } from '@frameworks/kit/rpc/certificate';
import { type Authority, createIntermediate, createRoot } from './ca/authority.ts';
import { createCsr } from './ca/csr.ts';
import { issueLeaf } from './ca/issue.ts';
import { exportPrivateKeyPem } from './ca/keys.ts';
import { formatSpiffeId, type SpiffeId, type SpiffeParts } from './spiffe.ts';

/** A whole CA in memory, for tests: real keys, real certificates, nothing kept. */
export interface TestAuthority {
  root: Authority;
  intermediate: Authority;
  /** A key and a leaf for `id`, trusting this CA's root. Times default to now and the usual lifetime. */
  issue(
    id: SpiffeId | TestIdentity,
    times?: { nowMs?: number; lifetimeMs?: number },
  ): Promise<CertificateMaterial & { spiffeId: SpiffeId }>;
}

/** Parts of an id in the test domain. */
export type TestIdentity = SpiffeParts extends infer P ? (P extends SpiffeParts ? Omit<P, 'domain'> : never) : never;

export const testDomain = 'example.test';

export function testSpiffeId(parts: TestIdentity): SpiffeId {
  return formatSpiffeId({ ...parts, domain: testDomain });
}

export function testServiceId(service: string, plane = 'control', instance = 'a'): SpiffeId {
  return testSpiffeId({ kind: 'service', plane, service, instance });
}

export async function createTestAuthority(): Promise<TestAuthority> {
  const root = await createRoot({ domain: testDomain, nowMs: Date.now() });
  const intermediate = await createIntermediate(root, { domain: testDomain, nowMs: Date.now() });
  return {
    root,
    intermediate,
    async issue(id, { nowMs = Date.now(), lifetimeMs } = {}) {
      const spiffeId = typeof id === 'string' ? id : testSpiffeId(id);
      const { csrPem, keys } = await createCsr();
      const request = { csrPem, spiffeId, nowMs, ...(lifetimeMs === undefined ? {} : { lifetimeMs }) };
      const { certificateChainPem } = await issueLeaf(intermediate, request);
      const privateKeyPem = await exportPrivateKeyPem(keys.privateKey);
      return { certificateChainPem, privateKeyPem, trustBundlePem: root.certificatePem, spiffeId };
    },
  };
}
