import assert from 'node:assert/strict';
import { ServiceError } from '@frameworks/kit/errors';

/** Expects a `ServiceError` with that reason, and gives it. */
export async function rejectsWith(reason: string, work: () => Promise<unknown>): Promise<ServiceError> {
  try {
    await work();
  } catch (error) {
    assert(error instanceof ServiceError, `expected a ServiceError, got ${error}`);
    assert.equal(error.reason, reason);
    return error;
  }
  assert.fail(`expected ${reason}, but it succeeded`);
}
