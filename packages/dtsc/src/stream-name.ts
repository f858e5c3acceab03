/**
 * DTSC has no authentication: all that a puller can say is a stream name. So between our engines a name of the form `pull+<handle>` is
 * a grant: 128 random bits, lower-case hex, that the source's play hook resolves. Such a name is a secret: do not log it.
 */
export type RequestedStream =
  /** A stream by its runtime name. */
  | { readonly kind: 'runtime'; readonly name: string }
  | { readonly kind: 'grant'; readonly handle: string }
  /** Begins as a grant and is none: refuse it, never look it up as a name. */
  | { readonly kind: 'malformed-grant' };

const PREFIX = 'pull+';
const HANDLE = /^[0-9a-f]{32}$/;

/** What the name in a `play` asks for. */
export function parseRequestedStream(name: string): RequestedStream {
  // In capitals it is no grant, but something that sanitises names could make it one: not a name either.
  if (name.slice(0, PREFIX.length).toLowerCase() !== PREFIX) return { kind: 'runtime', name };
  const handle = name.slice(PREFIX.length);
  return name.startsWith(PREFIX) && HANDLE.test(handle) ? { kind: 'grant', handle } : { kind: 'malformed-grant' };
}

/** The stream name that presents a grant. Throws `RangeError` unless `handle` is 32 digits of lower-case hex. */
export function formatGrantName(handle: string): string {
  if (!HANDLE.test(handle)) throw new RangeError('a handle is 32 digits of lower-case hex');
  return PREFIX + handle;
}
