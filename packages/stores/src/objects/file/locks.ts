/**
 * One commit at a time per file of this process, so that a condition still holds when the write that depends on it
 * happens. Module state on purpose: two stores opened on one directory must exclude each other.
 */
const tails = new Map<string, Promise<unknown>>();

/** Runs `work` after all earlier work on the same path. */
export async function withPath<T>(path: string, work: () => Promise<T>): Promise<T> {
  const before = tails.get(path) ?? Promise.resolve();
  const mine = before.then(work, work);
  tails.set(path, mine);
  try {
    return await mine;
  } finally {
    if (tails.get(path) === mine) tails.delete(path);
  }
}
