import type { Decision, Resource } from '@frameworks/kit/rpc/guard';
import type { Caller } from '@frameworks/kit/rpc/peer';
import { type Grant, grantMatches, isBound, type Rule, scopeHolds, scopeReasons } from './rule.ts';
import { authorizationTable } from './table.ts';

const deny = (reason: string): Decision => ({ allow: false, reason });

function grantsOf(method: string, caller: Caller, table: ReadonlyMap<string, Rule>): Grant[] | Decision {
  const rule = table.get(method);
  if (!rule) return deny('METHOD_UNKNOWN');
  // Users come through Bridge alone; a token in the hands of a node or a Foghorn has gone astray.
  if (caller.actor && caller.peer?.kind !== 'service') return deny('ACTOR_NOT_ACCEPTED');
  const grants = rule.filter((grant) => grantMatches(grant, caller));
  if (grants.length > 0) return grants;
  return deny(caller.peer || caller.actor ? 'CALLER_NOT_ALLOWED' : 'CERTIFICATE_REQUIRED');
}

/**
 * May this caller use the method, and if a resource is given, on that resource? Without one, `boundToResource` says whether
 * the question must be asked again with it. Pure.
 */
export function authorize(
  method: string,
  caller: Caller,
  { resource, table = authorizationTable }: { resource?: Resource; table?: ReadonlyMap<string, Rule> } = {},
): Decision {
  const grants = grantsOf(method, caller, table);
  if (!Array.isArray(grants)) return grants;
  if (!resource) return { allow: true, boundToResource: grants.every(isBound) };
  if (grants.some(({ scope }) => scopeHolds(scope, caller, resource))) return { allow: true, boundToResource: false };
  return deny(scopeReasons[grants[0]?.scope ?? 'any']);
}
