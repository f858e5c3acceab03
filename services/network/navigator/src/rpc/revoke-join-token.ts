import type { CertificateAuthority } from '@frameworks/contracts/frameworks/navigator/v1/certificate_authority_pb';
import { ServiceError } from '@frameworks/kit/errors';
import type { Handler } from '@frameworks/kit/rpc';
import { isUuid } from '@frameworks/std';
import { type JoinToken, joinTokenAt, revokeJoinToken } from '../join-tokens/join-token.ts';
import { findJoinToken, saveRevoked } from '../join-tokens/join-token-store.ts';
import { creatorOf } from './creator.ts';
import type { RpcDeps } from './deps.ts';
import { toJoinTokenMessage } from './messages.ts';

/** Idempotent: a token that has ended, in whatever way, is answered as it is. */
export function createRevokeJoinToken(deps: RpcDeps): Handler<typeof CertificateAuthority.method.revokeJoinToken> {
  return async (request, context) => {
    const nowMs = deps.clock.now();
    const token = joinTokenAt(await getJoinToken(deps, request.id), nowMs);
    if (token.state !== 'active') return { joinToken: toJoinTokenMessage(token, nowMs) };
    const revoked = revokeJoinToken(token);
    // Used or revoked by somebody else since we looked: then that is the answer.
    if (!(await saveRevoked(deps.db, revoked))) {
      return { joinToken: toJoinTokenMessage(await getJoinToken(deps, request.id), nowMs) };
    }
    deps.events.joinTokenRevoked(revoked, creatorOf(context));
    return { joinToken: toJoinTokenMessage(revoked, nowMs) };
  };
}

async function getJoinToken({ db }: RpcDeps, id: string): Promise<JoinToken> {
  const token = isUuid(id) ? await findJoinToken(db, id) : undefined;
  if (token) return token;
  throw new ServiceError('NOT_FOUND', 'JOIN_TOKEN_UNKNOWN', {
    message: 'no join token has this id',
    data: { id: id.slice(0, 64) },
  });
}
