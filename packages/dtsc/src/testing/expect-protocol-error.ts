import { expect } from 'vitest';
import { ProtocolError, type ProtocolReason } from '../protocol-error.ts';

/** Expects `run` to throw a `ProtocolError` for this reason, and at this byte when that is given. */
export function expectProtocolError(run: () => unknown, reason: ProtocolReason, offset?: number): void {
  let thrown: unknown;
  try {
    run();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(ProtocolError);
  expect(thrown).toMatchObject(offset === undefined ? { reason } : { reason, offset });
}
