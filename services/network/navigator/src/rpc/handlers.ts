import type { CertificateAuthority } from '@frameworks/contracts/frameworks/navigator/v1/certificate_authority_pb';
import type { ServiceHandlers } from '@frameworks/kit/rpc';
import { createCreateJoinToken } from './create-join-token.ts';
import type { RpcDeps } from './deps.ts';
import { createGetTrustBundle } from './get-trust-bundle.ts';
import { createIssueCertificate } from './issue-certificate.ts';
import { createIssueNodeCertificate } from './issue-node-certificate.ts';
import { createListCertificates } from './list-certificates.ts';
import { createListJoinTokens } from './list-join-tokens.ts';
import { createRevokeJoinToken } from './revoke-join-token.ts';
import { createWatchTrustBundle } from './watch-trust-bundle.ts';

/** Every RPC of the contract, each from its own file. */
export function createCertificateAuthorityHandlers(deps: RpcDeps): ServiceHandlers<typeof CertificateAuthority> {
  return {
    issueCertificate: createIssueCertificate(deps),
    issueNodeCertificate: createIssueNodeCertificate(),
    getTrustBundle: createGetTrustBundle(deps),
    watchTrustBundle: createWatchTrustBundle(deps),
    createJoinToken: createCreateJoinToken(deps),
    revokeJoinToken: createRevokeJoinToken(deps),
    listJoinTokens: createListJoinTokens(deps),
    listCertificates: createListCertificates(deps),
  };
}
