import type { CertificateAuthority } from '@frameworks/contracts/frameworks/navigator/v1/certificate_authority_pb';
import { ServiceError } from '@frameworks/kit/errors';
import { readPage } from '@frameworks/kit/paging';
import type { Handler } from '@frameworks/kit/rpc';
import { isUuid } from '@frameworks/std';
import { listJoinTokens } from '../join-tokens/join-token-store.ts';
import type { RpcDeps } from './deps.ts';
import { parseJoinTokenState, toJoinTokenMessage } from './messages.ts';

export function createListJoinTokens({
  db,
  clock,
}: RpcDeps): Handler<typeof CertificateAuthority.method.listJoinTokens> {
  return async (request) => {
    const state = parseJoinTokenState(request.state);
    const page = readPage(request.page, { list: 'join-tokens', filters: { state: state ?? '' }, keyParts: 1 });
    const nowMs = clock.now();
    const beforeId = page.after && toPosition(page.after);
    const found = await listJoinTokens(db, { state, nowMs, beforeId, limit: page.limit });
    const { rows, nextCursor } = page.cut(found, (token) => [token.id]);
    return { joinTokens: rows.map((token) => toJoinTokenMessage(token, nowMs)), page: { nextCursor } };
  };
}

function toPosition([id = '']: readonly string[]): string {
  // Cursors are not signed, so their parts are input like any other.
  if (isUuid(id)) return id;
  throw new ServiceError('INVALID_ARGUMENT', 'CURSOR_INVALID', { message: 'the cursor is not one of this list' });
}
