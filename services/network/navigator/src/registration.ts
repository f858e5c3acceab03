import { ListenerKind } from '@frameworks/contracts/frameworks/common/v1/endpoint_pb';
import { expectService } from '@frameworks/identity/rpc';
import type { CredentialSource } from '@frameworks/identity/source/certificate-source';
import type { ServiceScope } from '@frameworks/kit';
import type { HostPort } from '@frameworks/kit/config';
import { summarizeError } from '@frameworks/kit/describe-error';
import { createRegistration } from '@frameworks/kit/registration';
import { createRpcChannel } from '@frameworks/kit/rpc';
import type { NavigatorConfig } from './config.ts';

/** Soon enough to be listed right after Quartermaster's own start, rare enough to be no noise while it is away for hours. */
const retry = { baseMs: 500, maxMs: 10_000 };

export interface RegisterParts {
  readonly credentials: CredentialSource;
  /** Where the certificate authority listens. */
  readonly address: HostPort;
  readonly ready: () => Promise<boolean>;
}

/**
 * Puts this instance on Quartermaster's list. Quartermaster needs a certificate from here before it can start, so nothing here
 * waits for it: neither the start, nor readiness, nor the stop beyond one second.
 */
export function register(config: NavigatorConfig, scope: ServiceScope, parts: RegisterParts): void {
  const { quartermasterAddress, trustDomain, instance } = config;
  if (quartermasterAddress === undefined) return;
  const { clock, metrics, log } = scope;
  const channel = createRpcChannel({
    address: quartermasterAddress,
    credentials: parts.credentials,
    expectPeer: expectService(trustDomain, 'quartermaster'),
    metrics,
    clock,
  });
  const registration = createRegistration({
    channel,
    service: 'navigator',
    instance,
    clusterId: 'control',
    addresses: [{ kind: ListenerKind.GRPC, ...parts.address }],
    ready: parts.ready,
    clock,
  });
  scope.onStop('close', 'registration channel', () => channel.close());
  scope.onStop('accept', 'registration', async () => {
    // A fleet stops Quartermaster first: nobody is left to hear the goodbye, and the lease ends by itself.
    await registration.end().catch((error: unknown) => {
      log.info({ event: 'goodbye_unheard', reason: summarizeError(error) }, 'Quartermaster did not hear the goodbye');
    });
  });
  scope.loop({ ...registration.loop, retry });
}
