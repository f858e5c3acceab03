import type { CertificateAuthority } from '@frameworks/contracts/frameworks/navigator/v1/certificate_authority_pb';
import { ServiceError } from '@frameworks/kit/errors';
import { readPage } from '@frameworks/kit/paging';
import type { Handler } from '@frameworks/kit/rpc';
import { type CertificatePosition, listCertificates } from '../certificates/certificate-store.ts';
import type { RpcDeps } from './deps.ts';
import { parseCertificateState, toCertificateMessage } from './messages.ts';

export function createListCertificates({
  db,
  clock,
}: RpcDeps): Handler<typeof CertificateAuthority.method.listCertificates> {
  return async (request) => {
    const { spiffeIdPrefix } = request;
    const state = parseCertificateState(request.state);
    const filters = { spiffeIdPrefix, state: state ?? '' };
    const page = readPage(request.page, { list: 'certificates', filters, keyParts: 2 });
    const before = page.after && toPosition(page.after);
    const found = await listCertificates(db, { spiffeIdPrefix, state, nowMs: clock.now(), before, limit: page.limit });
    const { rows, nextCursor } = page.cut(found, ({ issuedUnixMs, serial }) => [String(issuedUnixMs), serial]);
    return { certificates: rows.map(toCertificateMessage), page: { nextCursor } };
  };
}

function toPosition([issued = '', serial = '']: readonly string[]): CertificatePosition {
  // Cursors are not signed, so their parts are input like any other.
  if (!/^\d{1,16}$/.test(issued)) {
    throw new ServiceError('INVALID_ARGUMENT', 'CURSOR_INVALID', { message: 'the cursor is not one of this list' });
  }
  return { issuedUnixMs: Number(issued), serial };
}
