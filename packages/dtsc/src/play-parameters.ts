import type { Play, Push } from './command.ts';
import { type DtscEntry, text } from './value.ts';

/**
 * Parameters for `play` or `push`, all as text: MistServer reads an integer as one garbage character. What MistServer knows for `play`:
 * `sync` and `waitkey` (any text turns them on), `start` (ms, from the keyframe before), `video`, `audio` and `meta` (`none` or a track id).
 */
export function playParameters(parameters: Readonly<Record<string, string>>): DtscEntry[] {
  return Object.entries(parameters).map(([key, value]) => [key, text(value)]);
}

/** A parameter as text: MistServer itself sends `sync` as an integer. `undefined` when absent, or neither text nor integer. */
export function findParameter(command: Play | Push, name: string): string | undefined {
  const value = command.extra?.find(([key]) => key === name)?.[1];
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  return Buffer.isBuffer(value) ? value.toString('utf8') : undefined;
}

/** Whether a puller wants packets sorted by time over all tracks: any `sync` that is not empty says so, `0` too, as at MistServer. */
export function wantsSync(play: Play): boolean {
  return (findParameter(play, 'sync') ?? '') !== '';
}
