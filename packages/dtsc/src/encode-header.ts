import { encodeFrame } from './frame.ts';
import type { StreamHeader } from './header.ts';
import type { AudioMeta, TrackIndex, TrackMeta, VideoMeta } from './track.ts';
import { type DtscObject, type DtscValue, object } from './value.ts';

type Member = readonly [string, DtscValue | string | undefined];

/**
 * A header as `DTSC` frame, members in MistServer's order, those that are `undefined` left out. Throws `RangeError` when a
 * number is not an integer or a name is not latin1.
 */
export function encodeHeader(header: StreamHeader): Buffer {
  return encodeFrame('DTSC', toHeaderObject(header));
}

/** The tree of a header: `parseHeader` turned around. */
export function toHeaderObject(header: StreamHeader): DtscObject {
  return object([
    ['vod', header.isVod ? 1 : undefined],
    ['live', header.isLive ? 1 : undefined],
    ['version', header.version],
    ['unixzero', header.unixZeroMs],
    ...(header.extra ?? []),
    ['tracks', object(header.tracks.map((track) => [track.name, toTrackObject(track)]))],
  ]);
}

/** The tree of one track: `parseTrackMeta` turned around. */
export function toTrackObject(track: TrackMeta): DtscObject {
  return object([
    ...indexMembers(track.index),
    ['trackid', track.trackId],
    ['source', track.source],
    ['firstms', track.firstMs],
    ['lastms', track.lastMs],
    ['nowms', track.nowMs],
    ['bps', track.bytesPerSecond],
    ['maxbps', track.maxBytesPerSecond],
    ['init', track.init],
    ['codec', track.codec],
    ['lang', track.lang],
    ['type', track.type],
    ...audioMembers(track.audio),
    ...videoMembers(track.video),
    ...(track.extra ?? []),
  ]);
}

function audioMembers(audio: AudioMeta = {}): Member[] {
  return [
    ['rate', audio.rateHz],
    ['size', audio.sizeBits],
    ['channels', audio.channels],
  ];
}

function videoMembers(video: VideoMeta = {}): Member[] {
  return [
    ['width', video.width],
    ['height', video.height],
    ['fpks', video.announcedFpks],
    ['efpks', video.measuredFpks],
  ];
}

function indexMembers(index: TrackIndex = {}): Member[] {
  return [
    ['fragments', index.fragments],
    ['keys', index.keys],
    ['keysizes', index.keySizes],
    ['parts', index.parts],
  ];
}
