import type { StreamHeader } from './header.ts';
import { DEFAULT_LIMITS, type DtscLimits } from './limits.ts';
import { Members, SIGNED } from './members.ts';
import { parseTrackMeta } from './parse-track.ts';
import { DtscObject } from './value.ts';

/** Where a tree came from, for errors, and what it may cost. */
export interface ParseContext {
  /** Position of its frame in the stream, bytes. */
  readonly offset?: number;
  readonly limits?: DtscLimits;
}

/** Reads the payload of a `DTSC` frame. Throws `ProtocolError`, also for two tracks with one id. */
export function parseHeader(
  payload: DtscObject,
  { offset = 0, limits = DEFAULT_LIMITS }: ParseContext = {},
): StreamHeader {
  const members: Members = new Members(payload, { what: 'header', offset });
  const { maxTracks } = limits;
  const tracks = members.required('tracks', members.take('tracks'));
  if (!(tracks instanceof DtscObject)) members.fail('wrong-type', 'tracks is not an object');
  if (tracks.entries.length > maxTracks)
    members.fail('too-many-tracks', `${tracks.entries.length}, at most ${maxTracks}`);
  const parsed = tracks.entries.map(([name, track]) => parseTrackMeta(name, track, offset));
  if (new Set(parsed.map((track) => track.trackId)).size < parsed.length) {
    members.fail('duplicate-track', 'two tracks have the same id');
  }
  return {
    isLive: members.flag('live'),
    isVod: members.flag('vod'),
    version: members.integer('version'),
    unixZeroMs: members.integer('unixzero', SIGNED),
    tracks: parsed,
    extra: members.rest(),
  };
}
