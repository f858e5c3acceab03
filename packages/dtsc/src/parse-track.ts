import { Members, UINT32 } from './members.ts';
import { ProtocolError } from './protocol-error.ts';
import type { AudioMeta, TrackIndex, TrackMeta, VideoMeta } from './track.ts';
import type { DtscValue } from './value.ts';
import { DtscObject } from './value.ts';

/** Reads one member of a header's `tracks`. `offset` is where the header's frame begins. Throws `ProtocolError`. */
export function parseTrackMeta(name: string, value: DtscValue, offset = 0): TrackMeta {
  const what = `track ${JSON.stringify(name.slice(0, 80))}`;
  if (!(value instanceof DtscObject)) throw new ProtocolError('wrong-type', offset, `${what} is not an object`);
  const members = new Members(value, { what, offset });
  const type = members.required('type', members.text('type'));
  return {
    name,
    trackId: members.required('trackid', members.integer('trackid', UINT32)),
    type,
    codec: members.required('codec', members.text('codec')),
    init: members.bytes('init'),
    source: members.integer('source'),
    firstMs: members.integer('firstms'),
    lastMs: members.integer('lastms'),
    nowMs: members.integer('nowms'),
    bytesPerSecond: members.integer('bps'),
    maxBytesPerSecond: members.integer('maxbps'),
    lang: members.text('lang'),
    audio: type === 'audio' ? takeAudio(members) : undefined,
    video: type === 'video' ? takeVideo(members) : undefined,
    index: takeIndex(members),
    extra: members.rest(),
  };
}

function takeAudio(members: Members): AudioMeta {
  return {
    rateHz: members.integer('rate'),
    sizeBits: members.integer('size'),
    channels: members.integer('channels'),
  };
}

function takeVideo(members: Members): VideoMeta {
  return {
    width: members.integer('width'),
    height: members.integer('height'),
    announcedFpks: members.integer('fpks'),
    measuredFpks: members.integer('efpks'),
  };
}

function takeIndex(members: Members): TrackIndex | undefined {
  const index = {
    fragments: members.bytes('fragments'),
    keys: members.bytes('keys'),
    keySizes: members.bytes('keysizes'),
    parts: members.bytes('parts'),
  };
  return Object.values(index).some((table) => table !== undefined) ? index : undefined;
}
