import type { CertificateAuthority } from '@frameworks/contracts/frameworks/navigator/v1/certificate_authority_pb';
import { findPeerIdentity, type SpiffeId } from '@frameworks/identity/spiffe';
import { ServiceError, toServiceError } from '@frameworks/kit/errors';
import type { Handler, PeerIdentity } from '@frameworks/kit/rpc';
import { readCsr } from '../certificates/csr.ts';
import { type Issued, issueForIdentity, issueForJoinToken } from '../certificates/issuance.ts';
import type { RpcDeps } from './deps.ts';
import { toIssuedMessage } from './messages.ts';

type IssueCertificate = Handler<typeof CertificateAuthority.method.issueCertificate>;
type IssueRequest = Parameters<IssueCertificate>[0];

/** Besides everything UNAVAILABLE and ABORTED. */
const databaseReasons = new Set(['COMMIT_OUTCOME_UNKNOWN', 'STATEMENT_TIMEOUT', 'DATABASE_FULL', 'DATABASE_REFUSED']);

/** Identity from a join token or from the caller's leaf, never from the CSR. A token, where there is one, is what counts. */
export function createIssueCertificate(deps: RpcDeps): IssueCertificate {
  return async (request, { peer }) => {
    try {
      const admitted = () => deps.admission.run(() => issue(deps, request, peer));
      const guesses = peer === undefined && request.joinToken !== '';
      const issued = await (guesses ? deps.attempts.run(admitted) : admitted());
      return { certificate: toIssuedMessage(issued) };
    } catch (thrown) {
      const error = toIssueError(toServiceError(thrown));
      deps.events.certificateRefused(error, error.data.spiffeId ?? peer?.uri);
      throw error;
    }
  };
}

/**
 * Whatever keeps the database from answering, the caller may and should ask again with the same key: a lost commit included, since
 * a repeat consumes nothing more.
 */
function toIssueError(error: ServiceError): ServiceError {
  const databaseIsAway = error.code === 'UNAVAILABLE' || error.code === 'ABORTED' || databaseReasons.has(error.reason);
  if (!databaseIsAway || error.reason === 'CA_NOT_READY') return error;
  return new ServiceError('UNAVAILABLE', 'CA_NOT_READY', { message: error.message, retryAfterMs: 1_000, cause: error });
}

async function issue(deps: RpcDeps, request: IssueRequest, peer: PeerIdentity | undefined): Promise<Issued> {
  if (request.joinToken !== '') return await issueForJoinToken(deps, await readCsr(request.csrDer), request.joinToken);
  const spiffeId = assertRenewable(peer, deps.trustDomain);
  return await issueForIdentity(deps, await readCsr(request.csrDer), { spiffeId, proof: 'leaf' });
}

function assertRenewable(peer: PeerIdentity | undefined, trustDomain: string): SpiffeId {
  const identity = peer && findPeerIdentity(peer.uri);
  if (!identity) {
    throw new ServiceError('UNAUTHENTICATED', 'CERTIFICATE_REQUIRED', {
      message: 'neither a join token nor a valid leaf was presented',
    });
  }
  if (identity.domain !== trustDomain) {
    throw new ServiceError('PERMISSION_DENIED', 'NOT_ALLOWED', { message: 'the leaf is of another trust domain' });
  }
  // A node never changes its key by itself, and only the node registry knows its key.
  if (identity.kind === 'node') {
    throw new ServiceError('UNIMPLEMENTED', 'NODE_REGISTRY_MISSING', {
      message: 'nodes cannot renew before the node registry exists',
    });
  }
  return identity.uri;
}
