import type { CertificateAuthority } from '@frameworks/contracts/frameworks/navigator/v1/certificate_authority_pb';
import type { Handler } from '@frameworks/kit/rpc';
import type { RpcDeps } from './deps.ts';
import { toTrustBundleMessage } from './messages.ts';

/** From memory: also while the database is away. */
export function createGetTrustBundle({
  authorities,
}: RpcDeps): Handler<typeof CertificateAuthority.method.getTrustBundle> {
  return async () => ({ bundle: toTrustBundleMessage(authorities.getBundle()) });
}
