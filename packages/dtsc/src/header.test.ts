import { describe, expect, it } from 'vitest';
import { encodeHeader, toHeaderObject } from './encode-header.ts';
import { HEADER_VERSION, type StreamHeader } from './header.ts';
import { type DtscLimits, toLimits } from './limits.ts';
import { parseHeader } from './parse-header.ts';
import { parseTrackMeta } from './parse-track.ts';
import type { ProtocolReason } from './protocol-error.ts';
import { decodeAll } from './testing/decode-all.ts';
import { expectProtocolError } from './testing/expect-protocol-error.ts';
import { DtscObject, type DtscValue, object } from './value.ts';

const init = Buffer.from('0164000b', 'hex');
const minimalVideo = object([
  ['trackid', 1],
  ['codec', 'H264'],
  ['type', 'video'],
  ['init', init],
  ['width', 160],
  ['height', 90],
]);
const withTracks = (...tracks: [string, DtscValue][]) => object([['tracks', new DtscObject(tracks)]]);

/** The smallest track with some members replaced or, by `undefined`, left out. */
function trackWith(changes: Record<string, DtscValue | string | undefined>): DtscObject {
  return object(Object.entries({ trackid: 1, codec: 'H264', type: 'video', ...changes }));
}

describe('headers', () => {
  it('may say as little as MistServer accepts', () => {
    const header = parseHeader(withTracks(['x', minimalVideo]));
    expect(header).toMatchObject({ isLive: false, isVod: false, extra: [] });
    expect(header.version).toBeUndefined();
    expect(header.tracks[0]).toMatchObject({ name: 'x', trackId: 1, codec: 'H264', init });
    expect(header.tracks[0]?.video).toMatchObject({ width: 160, height: 90 });
    expect(header.tracks[0]?.firstMs).toBeUndefined();
  });

  it('may announce nothing', () => {
    expect(parseHeader(withTracks()).tracks).toEqual([]);
  });

  it('keep what is unknown, of the stream and of tracks', () => {
    const track = trackWith({ type: 'smell', width: 9, news: [1, null] });
    const tree = object([
      ['inputLocalVars', '{}'],
      ['tracks', object([['t', track]])],
    ]);
    const header = parseHeader(tree);
    expect(header.extra).toEqual([['inputLocalVars', Buffer.from('{}')]]);
    expect(header.tracks[0]?.type).toBe('smell');
    expect(parseHeader(toHeaderObject(header))).toEqual(header);
    expect(header.tracks[0]?.extra?.map(([key]) => key)).toEqual(['width', 'news']);
  });

  it('of which one repeats a member mean the first', () => {
    const tree = new DtscObject([...withTracks(['x', minimalVideo]).entries, ...withTracks().entries]);
    const header = parseHeader(tree);
    expect(header.tracks.length).toBe(1);
    expect(parseHeader(toHeaderObject(header))).toEqual(header);
  });

  it('are written from what we know of a stream', () => {
    const header: StreamHeader = {
      isLive: true,
      isVod: false,
      version: HEADER_VERSION,
      unixZeroMs: 1_700_000_000_000,
      tracks: [
        { name: 'video', trackId: 1, type: 'video', codec: 'H264', init, video: { width: 640, height: 360 } },
        { name: 'audio', trackId: 2, type: 'audio', codec: 'AAC', init, audio: { rateHz: 48_000, channels: 2 } },
      ],
    };
    const [message] = decodeAll([encodeHeader(header)]).messages;
    expect(message).toMatchObject({ kind: 'header', header });
  });

  const header = (more: Record<string, DtscValue | string | undefined>) =>
    object(Object.entries({ tracks: new DtscObject([]), ...more }));
  const wrong: [string, DtscObject, ProtocolReason, Partial<DtscLimits>?][] = [
    ['no tracks', object([['live', 1]]), 'missing-member'],
    ['tracks that are a number', header({ tracks: 3 }), 'wrong-type'],
    ['a flag in text', header({ live: 'yes' }), 'wrong-type'],
    ['a time beyond numbers', header({ unixzero: 2n ** 60n }), 'out-of-range'],
    ['a track that is text', withTracks(['x', init]), 'wrong-type'],
    ['a track without id', withTracks(['x', trackWith({ trackid: undefined })]), 'missing-member'],
    ['a track without codec', withTracks(['x', trackWith({ codec: undefined })]), 'missing-member'],
    ['a track without type', withTracks(['x', trackWith({ type: undefined })]), 'missing-member'],
    ['a track id of 33 bits', withTracks(['x', trackWith({ trackid: 2 ** 32 })]), 'out-of-range'],
    ['a negative width', withTracks(['x', trackWith({ width: -1 })]), 'out-of-range'],
    ['a codec that is no text', withTracks(['x', trackWith({ codec: Buffer.from([0xff]) })]), 'wrong-type'],
    ['init data that is a number', withTracks(['x', trackWith({ init: 5 })]), 'wrong-type'],
    ['one id twice', withTracks(['x', minimalVideo], ['y', minimalVideo]), 'duplicate-track'],
    ['too many tracks', withTracks(['x', minimalVideo], ['y', minimalVideo]), 'too-many-tracks', { maxTracks: 1 }],
  ];

  it.each(wrong)('with %s are refused', (_, tree, reason, limits) => {
    expectProtocolError(() => parseHeader(tree, { offset: 77, limits: toLimits(limits) }), reason, 77);
  });

  it('name the track at fault, and not more of it than fits a line', () => {
    const name = `${'x'.repeat(200)}\n`;
    expect(() => parseTrackMeta(name, trackWith({ rate: 1, codec: 1 }))).toThrow(
      /^track "x{80}": codec is not a string/,
    );
  });
});
