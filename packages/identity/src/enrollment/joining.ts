import { readFile } from 'node:fs/promises';
import type { HostPort } from '@frameworks/kit/config';
import { ServiceError } from '@frameworks/kit/errors';
import { exportPrivateKeyPem } from '../ca/keys.ts';
import type { SpiffeId } from '../spiffe.ts';
import type { IdentityDirectory } from './identity-directory.ts';
import { createNavigatorClient, type Leaf } from './navigator-client.ts';
import { chooseTrust, readTrustFile, type Trust } from './trust.ts';

export interface JoiningOptions {
  readonly navigatorAddress: HostPort;
  readonly spiffeId: SpiffeId;
  readonly trustDomain: string;
  readonly trustBundleFile: string;
  readonly joinTokenFile: string | undefined;
  readonly directory: IdentityDirectory;
}

/** A new leaf and the key it is for. */
export interface Joined {
  readonly leaf: Leaf;
  readonly privateKeyPem: string;
}

/**
 * The first leaf, or the first after a leaf has run out: proven by the join token, to a server that proves itself by the roots we
 * hold or were given. Token and trust are read anew each time, so that an operator can replace either while we keep trying.
 */
export async function joinByToken(
  options: JoiningOptions,
  kept: Trust | undefined,
  signal: AbortSignal,
): Promise<Joined> {
  const trust = chooseTrust(kept, await readTrustFile(options.trustBundleFile));
  if (!trust) {
    throw new ServiceError('UNAVAILABLE', 'TRUST_BUNDLE_MISSING', {
      message: `${options.trustBundleFile} does not exist yet; Navigator or the provisioner writes it`,
    });
  }
  const joinToken = await readJoinToken(options);
  const keys = await options.directory.joinKey(joinToken);
  const navigator = createNavigatorClient({
    address: options.navigatorAddress,
    trustDomain: options.trustDomain,
    credentials: { trustBundlePem: trust.pem },
  });
  try {
    const leaf = await navigator.issue(keys, joinToken, signal);
    return { leaf, privateKeyPem: await exportPrivateKeyPem(keys.privateKey) };
  } finally {
    navigator.close();
  }
}

async function readJoinToken({ joinTokenFile, spiffeId }: JoiningOptions): Promise<string> {
  const where = joinTokenFile ?? 'the join token file';
  const text = joinTokenFile === undefined ? undefined : await readFile(joinTokenFile, 'utf8').catch(() => undefined);
  if (text !== undefined && text.trim() !== '') return text.trim();
  throw new ServiceError('FAILED_PRECONDITION', 'JOIN_TOKEN_MISSING', {
    message: `${spiffeId} needs a first certificate, and ${where} holds no join token: ask an operator for one`,
  });
}
