import fc from 'fast-check';
import type { Command } from '../command.ts';
import type { StreamHeader } from '../header.ts';
import type { MediaPacket } from '../packet.ts';
import type { TrackMeta } from '../track.ts';
import { DtscDouble, type DtscEntry, DtscObject, type DtscValue } from '../value.ts';

const uint = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const id = fc.nat({ max: 0xffff_ffff });
const integer = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer({ min: -3, max: 3 }),
  // Only what a number cannot hold is decoded as a bigint.
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 53n) }),
);
const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));
const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const latin1 = fc.uint8Array({ minLength: 1, maxLength: 12 }).map((array) => Buffer.from(array).toString('latin1'));

/** Any tree, of any shape and any key. */
export const { value } = fc.letrec<{ value: DtscValue; object: DtscObject }>((tie) => ({
  object: fc.array(fc.tuple(latin1, tie('value')), { maxLength: 6 }).map((entries) => new DtscObject(entries)),
  value: fc.oneof(
    { maxDepth: 5 },
    integer,
    bytes,
    fc.constant(null),
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((bits) => new DtscDouble(bits)),
    tie('object'),
    fc.array(tie('value'), { maxLength: 6 }),
  ),
}));

/** Any tree that can be a payload. */
export const payload: fc.Arbitrary<DtscObject> = fc
  .array(fc.tuple(latin1, value), { maxLength: 8 })
  .map((entries) => new DtscObject(entries));

/** Members with keys that the protocol does not use. */
const extra: fc.Arbitrary<readonly DtscEntry[]> = fc.array(
  fc.tuple(
    latin1.map((key) => `x-${key}`),
    value,
  ),
  { maxLength: 3 },
);

export const packet: fc.Arbitrary<MediaPacket> = fc.record({
  trackId: id,
  timeMs: uint,
  offsetMs: fc.maxSafeInteger(),
  bytePosition: uint,
  isKeyframe: fc.boolean(),
  data: bytes,
  extra,
});

const maybe = <T>(some: fc.Arbitrary<T>) => fc.option(some, { nil: undefined });

const audio = fc.record({ rateHz: maybe(uint), sizeBits: maybe(uint), channels: maybe(uint) });
const video = fc.record({
  width: maybe(uint),
  height: maybe(uint),
  announcedFpks: maybe(uint),
  measuredFpks: maybe(uint),
});
const index = fc.record({ fragments: bytes, keys: maybe(bytes), keySizes: maybe(bytes), parts: maybe(bytes) });

const track: fc.Arbitrary<TrackMeta> = fc
  .record({
    name: latin1,
    trackId: id,
    codec: text,
    init: maybe(bytes),
    source: maybe(uint),
    firstMs: maybe(uint),
    lastMs: maybe(uint),
    nowMs: maybe(uint),
    bytesPerSecond: maybe(uint),
    maxBytesPerSecond: maybe(uint),
    lang: maybe(text),
    index: maybe(index),
    extra,
  })
  .chain((common) =>
    fc.oneof(
      audio.map((it): TrackMeta => ({ ...common, type: 'audio', audio: it, video: undefined })),
      video.map((it): TrackMeta => ({ ...common, type: 'video', audio: undefined, video: it })),
      fc.constantFrom('meta', 'smell').map((type) => ({ ...common, type, audio: undefined, video: undefined })),
    ),
  );

export const header: fc.Arbitrary<StreamHeader> = fc.record({
  isLive: fc.boolean(),
  isVod: fc.boolean(),
  version: maybe(uint),
  unixZeroMs: maybe(fc.maxSafeInteger()),
  tracks: fc.uniqueArray(track, { selector: (it) => it.trackId, maxLength: 5 }),
  extra,
});

const sorted = extra.map((entries) => entries.toSorted(([a], [b]) => (a < b ? -1 : Number(a > b))));

export const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({
    cmd: fc.constant('hi' as const),
    version: maybe(text),
    salt: maybe(text),
    packMethod: maybe(uint),
    extra: sorted,
  }),
  fc.record({ cmd: fc.constant('play' as const), stream: text, version: maybe(text), extra: sorted }),
  fc.record({
    cmd: fc.constant('push' as const),
    stream: text,
    password: maybe(text),
    version: maybe(text),
    isSync: fc.boolean(),
    extra: sorted,
  }),
  fc.record({ cmd: fc.constantFrom('ok' as const, 'error' as const), message: maybe(text), extra: sorted }),
  fc.record({ cmd: fc.constantFrom('ping' as const, 'reset' as const), extra: sorted }),
  fc.record({ cmd: fc.constant('sync' as const), isSync: fc.boolean(), extra: sorted }),
  fc.record({ cmd: fc.constant('check_key_duration' as const), trackId: id, durationMs: uint, extra: sorted }),
  fc.record({ cmd: fc.constant('other' as const), name: text.map((name) => `x-${name}`), extra: sorted }),
);

/** Where to cut a stream into chunks. */
export const places: fc.Arbitrary<readonly number[]> = fc.array(fc.nat(), { maxLength: 12 });
