import type { CertificateAuthority } from '@frameworks/contracts/frameworks/navigator/v1/certificate_authority_pb';
import { ServiceError } from '@frameworks/kit/errors';
import type { Handler } from '@frameworks/kit/rpc';

/** Which Foghorn serves which cluster, and which key a node has, is known to the node registry, which does not exist yet. */
export function createIssueNodeCertificate(): Handler<typeof CertificateAuthority.method.issueNodeCertificate> {
  return async () => {
    throw new ServiceError('UNIMPLEMENTED', 'NODE_REGISTRY_MISSING', {
      message: 'nodes cannot enroll before the node registry exists',
    });
  };
}
