import type { ServiceError } from '@frameworks/kit/errors';
import type { Logger } from '@frameworks/kit/log';
import type { Metrics } from '@frameworks/kit/metrics';
import type { AuthorityOperation } from './authorities/plan-authorities.ts';
import type { CertificateRecord } from './certificates/certificate.ts';
import type { JoinTokenFacts } from './join-tokens/join-token.ts';

/** How a caller proved who it is. `own`: Navigator itself, in process. */
export type ProofOfIdentity = 'join_token' | 'leaf' | 'own';

/** What happened here, one function per kind: it logs and counts, and never throws. No secret, no key, no request body. */
export interface NavigatorEvents {
  authorityChanged(operation: AuthorityOperation): void;
  certificateIssued(certificate: CertificateRecord, proof: ProofOfIdentity): void;
  /** `spiffeId` only where the token is known. */
  certificateRefused(error: ServiceError, spiffeId: string | undefined): void;
  joinTokenCreated(token: JoinTokenFacts): void;
  joinTokenRevoked(token: JoinTokenFacts, by: string): void;
  joinTokensSeeded(added: number): void;
  joinTokenFileMistakes(mistakes: readonly string[]): void;
  trustBundleWritten(path: string, generation: number): void;
  recordsRemoved(counts: { readonly certificates: number; readonly joinTokens: number }): void;
}

const authorityEvents = {
  create_root: 'authority_created',
  issue_intermediate: 'authority_rotated',
  retire: 'authority_retired',
  publish_bundle: 'trust_bundle_published',
} as const;

export function createNavigatorEvents({ log, metrics }: { log: Logger; metrics: Metrics }): NavigatorEvents {
  const issued = metrics.counter({
    name: 'frameworks_navigator_certificates_issued_total',
    help: 'Leaves signed, by how the identity was proven.',
    labels: ['proof'],
  });
  const refused = metrics.counter({
    name: 'frameworks_navigator_certificates_refused_total',
    help: 'Requests for a leaf that were refused.',
    labels: ['reason'],
  });
  const authorities = metrics.counter({
    name: 'frameworks_navigator_authority_changes_total',
    help: 'Changes of roots, intermediates and the trust bundle.',
    labels: ['event'],
  });
  const tokens = metrics.counter({
    name: 'frameworks_navigator_join_tokens_total',
    help: 'Join tokens made, taken over from the file, and revoked.',
    labels: ['event'],
  });
  const removed = metrics.counter({
    name: 'frameworks_navigator_records_removed_total',
    help: 'Records of certificates and join tokens removed because they ended longer than the retention ago.',
    labels: ['kind'],
  });
  return {
    authorityChanged: ({ kind, ...operation }) => {
      const event = authorityEvents[kind];
      authorities.inc({ event });
      log.info({ event, ...operation }, 'the certificate authority changed');
    },
    certificateIssued: ({ spiffeId, serial, notAfterUnixMs, joinTokenId }, proof) => {
      issued.inc({ proof });
      log.info(
        { event: 'certificate_issued', proof, spiffeId, serial, notAfterUnixMs, joinTokenId },
        'certificate issued',
      );
    },
    certificateRefused: ({ reason }, spiffeId) => {
      refused.inc({ reason });
      const event = reason.startsWith('JOIN_TOKEN_') ? 'join_token_refused' : 'certificate_refused';
      // Whoever is turned away at the door comes in numbers; the counter has them all.
      const level = reason.startsWith('TOO_MANY_') ? 'debug' : 'warn';
      log[level]({ event, reason, spiffeId }, 'certificate refused');
    },
    joinTokenCreated: ({ id, spiffeId, expiresUnixMs, createdBy }) => {
      tokens.inc({ event: 'created' });
      log.info(
        { event: 'join_token_created', joinTokenId: id, spiffeId, expiresUnixMs, createdBy },
        'join token created',
      );
    },
    joinTokenRevoked: ({ id, spiffeId }, by) => {
      tokens.inc({ event: 'revoked' });
      log.info({ event: 'join_token_revoked', joinTokenId: id, spiffeId, by }, 'join token revoked');
    },
    joinTokensSeeded: (added) => {
      tokens.inc({ event: 'seeded' }, added);
      log.info({ event: 'join_tokens_seeded', added }, 'join tokens taken over from the file');
    },
    joinTokenFileMistakes: (mistakes) => {
      log.error({ event: 'join_token_file_invalid', mistakes }, 'mistakes in NAVIGATOR_JOIN_TOKENS_FILE');
    },
    trustBundleWritten: (path, generation) => {
      log.info({ event: 'trust_bundle_written', path, generation }, 'trust bundle written');
    },
    recordsRemoved: ({ certificates, joinTokens }) => {
      removed.inc({ kind: 'certificate' }, certificates);
      removed.inc({ kind: 'join_token' }, joinTokens);
      log.info({ event: 'records_removed', certificates, joinTokens }, 'records of what ended long ago removed');
    },
  };
}
