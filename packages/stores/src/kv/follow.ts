import type { Changelog, ChangelogEntity, ChangelogEntry } from './changelog.ts';

/** What a follower applies: first the whole state, then each change; the whole state again whenever changes were missed. */
export type FollowEvent = { kind: 'snapshot'; entities: ChangelogEntity[] } | { kind: 'change'; entry: ChangelogEntry };

/** Long enough to be cheap; a new entry ends the wait at once. */
const waitMs = 30_000;

/**
 * Follows a changelog: a snapshot, then every change in order, for ever. A `snapshot` replaces all that was known. Ends by
 * rejecting: with `signal.reason`, or with the kv's error. After an error call again; it starts with a snapshot, which costs
 * the size of the state but can never miss anything.
 */
export async function* follow(changelog: Changelog, signal: AbortSignal): AsyncGenerator<FollowEvent, never> {
  for (;;) {
    const { position, entities } = await changelog.snapshot();
    yield { kind: 'snapshot', entities };
    yield* replay(changelog, position, signal);
  }
}

/** Every change after `position`, until some were missed. */
async function* replay(changelog: Changelog, from: string, signal: AbortSignal): AsyncGenerator<FollowEvent, void> {
  let position = from;
  for (;;) {
    const answer = await changelog.read(position, { waitMs, signal });
    if (answer.status === 'truncated') return;
    for (const entry of answer.entries) yield { kind: 'change', entry };
    position = answer.position;
  }
}
