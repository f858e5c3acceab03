import { createHash, X509Certificate } from 'node:crypto';
import type { CertificateAuthority } from '@frameworks/contracts/frameworks/navigator/v1/certificate_authority_pb';
import { parseSpiffeId, type SpiffeId } from '@frameworks/identity/spiffe';
import { hashSecret, mintSecret } from '@frameworks/identity/tokens';
import { ServiceError } from '@frameworks/kit/errors';
import type { Handler } from '@frameworks/kit/rpc';
import { insertJoinToken } from '../join-tokens/join-token-store.ts';
import { creatorOf } from './creator.ts';
import type { RpcDeps } from './deps.ts';
import { toJoinTokenMessage } from './messages.ts';

const defaultTtlMs = 3_600_000;
const minTtlMs = 1_000;
const maxTtlMs = 604_800_000;

export function createCreateJoinToken(deps: RpcDeps): Handler<typeof CertificateAuthority.method.createJoinToken> {
  return async (request, context) => {
    const spiffeId = assertJoinable(request.spiffeId, deps.trustDomain);
    const ttlMs = assertTtl(Number(request.ttlMs));
    const root = new X509Certificate(deps.authorities.getSigningRootPem());
    const nowMs = deps.clock.now();
    const secret = mintSecret('join_');
    const token = {
      id: deps.newId(),
      spiffeId,
      createdUnixMs: nowMs,
      expiresUnixMs: nowMs + ttlMs,
      createdBy: creatorOf(context),
    };
    await insertJoinToken(deps.db, token, Buffer.from(hashSecret(secret), 'hex'));
    deps.events.joinTokenCreated(token);
    return {
      joinToken: toJoinTokenMessage({ ...token, state: 'active' }, nowMs),
      secret,
      rootSha256: createHash('sha256').update(root.raw).digest(),
    };
  };
}

function assertJoinable(text: string, trustDomain: string): SpiffeId {
  const identity = parseSpiffeId(text);
  if (identity.domain === trustDomain && identity.kind !== 'node') return identity.uri;
  throw new ServiceError('INVALID_ARGUMENT', 'SPIFFE_ID_INVALID', {
    message: identity.kind === 'node' ? 'nodes enroll through their Foghorn' : `not in the trust domain ${trustDomain}`,
    data: { id: identity.uri },
  });
}

function assertTtl(ttlMs: number): number {
  if (ttlMs === 0) return defaultTtlMs;
  if (ttlMs >= minTtlMs && ttlMs <= maxTtlMs) return ttlMs;
  throw new ServiceError('INVALID_ARGUMENT', 'TTL_OUT_OF_RANGE', {
    message: `ttl_ms must be ${minTtlMs} to ${maxTtlMs}, or 0 for ${defaultTtlMs}`,
    data: { minMs: String(minTtlMs), maxMs: String(maxTtlMs) },
  });
}
