import type { CertificateAuthority } from '@frameworks/contracts/frameworks/navigator/v1/certificate_authority_pb';
import type { Handler } from '@frameworks/kit/rpc';
import type { RpcDeps } from './deps.ts';
import { toTrustBundleMessage } from './messages.ts';

/** Each generation newer than what the caller has; a slow reader skips those in between. */
export function createWatchTrustBundle({
  authorities,
}: RpcDeps): Handler<typeof CertificateAuthority.method.watchTrustBundle> {
  return async function* (request, { signal }) {
    authorities.getBundle();
    let known = Number(request.knownGeneration);
    for (;;) {
      const bundle = await authorities.waitForBundle(known, signal);
      if (!bundle) return;
      known = bundle.generation;
      yield { bundle: toTrustBundleMessage(bundle) };
    }
  };
}
