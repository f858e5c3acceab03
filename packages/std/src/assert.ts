/** A broken invariant: a bug of ours, never a mistake of a caller across the network. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/** Throws `AssertionError` unless `condition` holds. For what must be true if the code is right, never for input. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** Closes a `switch` over a union: the compiler refuses a forgotten member, the throw catches a value from outside the type. */
export function assertNever(value: never, what = 'value'): never {
  throw new AssertionError(`unexpected ${what}: ${JSON.stringify(value)}`);
}

/** `value` without `undefined` and `null`, or an `AssertionError` that says `what` is missing. */
export function assertDefined<T>(value: T | undefined | null, what: string): T {
  assert(value !== undefined && value !== null, `${what} is missing`);
  return value;
}
