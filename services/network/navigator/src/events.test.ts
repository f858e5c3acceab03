import { ServiceError } from '@frameworks/kit/errors';
import { createLogger } from '@frameworks/kit/log';
import { createMetrics } from '@frameworks/kit/metrics';
import { expect, test } from 'vitest';
import { createNavigatorEvents } from './events.ts';

const secret = 'join_0123456789abcdefghjkmnpqrstvwxyz012';

test('every event is one log line with its name, counted with bounded labels, without secrets', async () => {
  const lines: string[] = [];
  const log = createLogger({
    service: 'navigator',
    instance: 'n',
    destination: { write: (line) => void lines.push(line) },
  });
  const metrics = createMetrics({ service: 'navigator' });
  const events = createNavigatorEvents({ log, metrics });
  const token = { id: 't', spiffeId: 'spiffe://x', createdUnixMs: 0, expiresUnixMs: 1, createdBy: 'op' };
  const refusal = (reason: string) => new ServiceError('UNAUTHENTICATED', reason, { message: `no ${secret}` });
  events.authorityChanged({ kind: 'create_root', generation: 1, signsFromUnixMs: 0 });
  events.authorityChanged({ kind: 'issue_intermediate', generation: 1, rootId: 'r' });
  events.authorityChanged({ kind: 'retire', authorityId: 'r', reason: 'expired' });
  events.authorityChanged({ kind: 'publish_bundle', generation: 1, rootIds: [], intermediateIds: [] });
  events.certificateRefused(refusal('JOIN_TOKEN_USED'), 'spiffe://x');
  events.certificateRefused(refusal('CSR_INVALID'), undefined);
  events.certificateRefused(refusal('TOO_MANY_ATTEMPTS'), undefined);
  events.joinTokenCreated(token);
  events.joinTokenRevoked(token, 'op');
  events.joinTokensSeeded(2);
  events.joinTokenFileMistakes(['entry 1: wrong']);
  events.trustBundleWritten('/x', 1);
  events.recordsRemoved({ certificates: 3, joinTokens: 0 });
  expect(lines.map((line) => JSON.parse(line).event)).toEqual([
    'authority_created',
    'authority_rotated',
    'authority_retired',
    'trust_bundle_published',
    'join_token_refused',
    'certificate_refused',
    'join_token_created',
    'join_token_revoked',
    'join_tokens_seeded',
    'join_token_file_invalid',
    'trust_bundle_written',
    'records_removed',
  ]);
  const text = lines.join('') + (await metrics.registry.metrics());
  expect(text).not.toContain(secret);
  expect(text).toMatch(/certificates_refused_total\{reason="JOIN_TOKEN_USED"[^}]*\} 1/);
  // Counted, but below the level of every day: a flood of them must not become a flood of lines.
  expect(text).toMatch(/certificates_refused_total\{reason="TOO_MANY_ATTEMPTS"[^}]*\} 1/);
  expect(text).toMatch(/records_removed_total\{kind="certificate"[^}]*\} 3/);
  expect(text).toMatch(/join_tokens_total\{event="seeded"[^}]*\} 2/);
});
