import type { CallContext } from '@frameworks/kit/rpc';

/** Who did it, for the record: the user where there is one, else the calling service. Authorization has let one of them in. */
export function creatorOf({ actor, peer }: CallContext): string {
  return actor?.userId ?? peer?.uri ?? 'anonymous';
}
