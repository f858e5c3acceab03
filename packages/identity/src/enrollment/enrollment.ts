import type { HostPort } from '@frameworks/kit/config';
import { ServiceError } from '@frameworks/kit/errors';
import type { Logger } from '@frameworks/kit/log';
import { type Clock, retry } from '@frameworks/std';
import { parseSpiffeId, type SpiffeId } from '../spiffe.ts';
import { IdentityDirectory } from './identity-directory.ts';
import { NavigatorCertificateSource } from './navigator-certificate-source.ts';

/** How an instance becomes somebody. Paths and addresses as `enrollmentFields` reads them. */
export interface EnrollmentOptions {
  readonly spiffeId: SpiffeId;
  readonly navigatorAddress: HostPort;
  /** Roots to trust before the first contact, PEM. */
  readonly trustBundleFile: string;
  /** Not needed while the kept certificate is good. */
  readonly joinTokenFile?: string | undefined;
  /** Made if missing; holds secrets. */
  readonly identityDir: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Gives up obtaining the first certificate; the source, once there, ends by `stop`. */
  readonly signal?: AbortSignal;
}

const policy = { baseMs: 200, maxMs: 5_000 };

/**
 * The certificate of this instance, valid now and kept valid. At once from the identity directory where that has a good one, even
 * while Navigator is away; otherwise by the join token, waiting for Navigator as long as `signal` allows.
 *
 * Rejects with what waiting does not mend: `JOIN_TOKEN_MISSING`, `JOIN_TOKEN_INVALID`, `JOIN_TOKEN_EXPIRED`, `JOIN_TOKEN_REVOKED`,
 * `JOIN_TOKEN_USED`, `TRUST_BUNDLE_INVALID`, `IDENTITY_DIR_UNWRITABLE`.
 */
export async function obtainCertificateSource(options: EnrollmentOptions): Promise<NavigatorCertificateSource> {
  const { clock, log, signal } = options;
  const source = new NavigatorCertificateSource({
    navigatorAddress: options.navigatorAddress,
    spiffeId: options.spiffeId,
    trustDomain: parseSpiffeId(options.spiffeId).domain,
    trustBundleFile: options.trustBundleFile,
    joinTokenFile: options.joinTokenFile,
    directory: new IdentityDirectory(options.identityDir),
    clock,
    log,
  });
  if (!(await source.adoptKept())) {
    await retry(() => source.join(signal ?? new AbortController().signal), {
      policy,
      clock,
      retryable: (error) => error instanceof ServiceError && error.retryable,
      onRetry: (error, attempt, waitMs) =>
        log.warn({ event: 'certificate_awaited', attempt, waitMs, error }, 'no certificate yet'),
      ...(signal ? { signal } : {}),
    });
  }
  source.startLoops();
  return source;
}
