import { ServiceError } from '@frameworks/kit/errors';

/**
 * A join token as stored. Only `active` leaves its state: by its first use (bound to the key that used it), by its time, or by an
 * operator. `expired` is never written: it is what an active token reads as once its time is over, so no sweeper can be late.
 */
export type JoinToken = JoinTokenFacts &
  (
    | { readonly state: 'active' }
    | { readonly state: 'exhausted'; readonly usedUnixMs: number; readonly keySha256: Uint8Array }
    | { readonly state: 'expired' }
    | { readonly state: 'revoked' }
  );

export type JoinTokenState = JoinToken['state'];
export type JoinTokenIn<S extends JoinTokenState> = Extract<JoinToken, { state: S }>;

/** What never changes about a token. */
export interface JoinTokenFacts {
  readonly id: string;
  readonly spiffeId: string;
  readonly createdUnixMs: number;
  readonly expiresUnixMs: number;
  readonly createdBy: string;
}

/** What a caller with the right secret gets. */
export type JoinTokenUse =
  | { readonly outcome: 'bind' }
  | { readonly outcome: 'repeat' }
  | { readonly outcome: 'refused'; readonly reason: JoinTokenRefusal };

export type JoinTokenRefusal = 'JOIN_TOKEN_USED' | 'JOIN_TOKEN_EXPIRED' | 'JOIN_TOKEN_REVOKED';

/** active → exhausted: the first use binds the token to one key. */
export function exhaustJoinToken(token: JoinToken, keySha256: Uint8Array, nowMs: number): JoinTokenIn<'exhausted'> {
  return { ...factsOf(token, 'exhausted'), state: 'exhausted', usedUnixMs: nowMs, keySha256 };
}

/** active → expired: its time is over. */
export function expireJoinToken(token: JoinToken): JoinTokenIn<'expired'> {
  return { ...factsOf(token, 'expired'), state: 'expired' };
}

/** active → revoked: an operator ends it. */
export function revokeJoinToken(token: JoinToken): JoinTokenIn<'revoked'> {
  return { ...factsOf(token, 'revoked'), state: 'revoked' };
}

/** The token as it stands at `nowMs`. */
export function joinTokenAt(token: JoinToken, nowMs: number): JoinToken {
  return token.state === 'active' && nowMs >= token.expiresUnixMs ? expireJoinToken(token) : token;
}

/**
 * May `keySha256` use the token now? An exhausted token is good for repeats by its own key (a lost answer, a reboot) until its
 * time is over, whatever its state says.
 */
export function decideJoinTokenUse(token: JoinToken, keySha256: Uint8Array, nowMs: number): JoinTokenUse {
  const now = joinTokenAt(token, nowMs);
  if (now.state === 'revoked') return { outcome: 'refused', reason: 'JOIN_TOKEN_REVOKED' };
  if (now.state === 'expired' || nowMs >= now.expiresUnixMs)
    return { outcome: 'refused', reason: 'JOIN_TOKEN_EXPIRED' };
  if (now.state === 'active') return { outcome: 'bind' };
  const sameKey = Buffer.from(now.keySha256).equals(keySha256);
  return sameKey ? { outcome: 'repeat' } : { outcome: 'refused', reason: 'JOIN_TOKEN_USED' };
}

function factsOf(token: JoinToken, to: JoinTokenState): JoinTokenFacts {
  if (token.state !== 'active') {
    throw new ServiceError('FAILED_PRECONDITION', 'JOIN_TOKEN_ENDED', {
      message: `a join token does not go from ${token.state} to ${to}`,
      data: { joinTokenId: token.id, from: token.state, to },
    });
  }
  const { id, spiffeId, createdUnixMs, expiresUnixMs, createdBy } = token;
  return { id, spiffeId, createdUnixMs, expiresUnixMs, createdBy };
}
