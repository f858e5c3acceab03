/** A terminal sends Ctrl-C to the whole group and npm passes it on: the second within this time is the same keystroke. */
const sameKeystrokeMs = 1_000;

/** What to do about a signal: begin to stop, nothing, or give up waiting. `stopBeganMs`: monotonic, if stopping has begun. */
export function decideSignal(stopBeganMs: number | undefined, nowMs: number): 'stop' | 'ignore' | 'force' {
  if (stopBeganMs === undefined) return 'stop';
  return nowMs - stopBeganMs < sameKeystrokeMs ? 'ignore' : 'force';
}
