import assert from 'node:assert/strict';

/** `nobody` everywhere we run. */
const ordinaryUid = 65_534;

/**
 * Runs `work` as a user whom permissions bind, also where the tests run as root, who may do everything. The whole process
 * changes its user meanwhile, so nothing else may go on in it.
 */
export async function withoutRoot<T>(work: () => Promise<T> | T): Promise<T> {
  if (process.geteuid?.() !== 0) return await work();
  // Both are there wherever `geteuid` is.
  assert(process.seteuid !== undefined);
  process.seteuid(ordinaryUid);
  try {
    return await work();
  } finally {
    process.seteuid(0);
  }
}
