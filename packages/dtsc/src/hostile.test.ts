import { describe, expect, it } from 'vitest';
import { encodeFrame } from './frame.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { MessageDecoder } from './message.ts';
import { decodeAll } from './testing/decode-all.ts';
import { measureLiveBytes } from './testing/memory.ts';
import { DtscObject, type DtscValue, object } from './value.ts';

const MIB = 1024 * 1024;

const many = <T>(count: number, make: (n: number) => T) => Array.from({ length: count }, (_, n) => make(n));

/** A frame whose payload is one object of `count` members, each of a two-byte key and nothing. */
const membersOf = (count: number, magic: 'DTCM' | 'DTSC' | 'DTPD') =>
  encodeFrame(magic, new DtscObject(many(count, (n) => [String.fromCharCode(97 + (n % 26)), null])));

const track = (n: number) =>
  object([
    ['trackid', n],
    ['codec', 'H264'],
    ['type', 'video'],
  ]);
const tracksOf = (count: number) =>
  encodeFrame('DTSC', object([['tracks', object(many(count, (n) => [`t${n}`, track(n)]))]]));

const deep = (levels: number) => {
  let value: DtscValue = null;
  for (let level = 0; level < levels; level++) value = [value];
  return value;
};

const generous = {
  ...DEFAULT_LIMITS,
  maxCommandBytes: 2 ** 30,
  maxHeaderBytes: 2 ** 30,
  maxValues: 2 ** 30,
  maxTracks: 2 ** 30,
};

const byteByByte = (bytes: Buffer) => Array.from(bytes.keys(), (at) => bytes.subarray(at, at + 1));

/** Processor milliseconds; the best of several runs, as others use the machine too. */
function cost(run: () => unknown): number {
  return Math.min(
    ...many(4, () => {
      const began = process.cpuUsage();
      run();
      const { user, system } = process.cpuUsage(began);
      return (user + system) / 1000;
    }),
  );
}

describe('time is linear in the bytes, limits or none', () => {
  const ping = encodeFrame('DTCM', object([['cmd', 'ping']]));
  const cases: [string, (size: number) => Buffer[]][] = [
    ['many small frames', (size) => [Buffer.concat(many(size, () => ping))]],
    ['one frame, byte by byte', (size) => byteByByte(membersOf(size, 'DTPD'))],
    ['many members of one object', (size) => [membersOf(size * 4, 'DTPD')]],
    ['many members of a header', (size) => [membersOf(size * 4, 'DTSC')]],
    ['many tracks', (size) => [tracksOf(size)]],
    ['many arrays', (size) => [encodeFrame('DTCM', object([['cmd', many(size, () => deep(8))]]))]],
  ];

  it.each(cases)('%s', (_, make) => {
    const small = make(2_000);
    const large = make(16_000);
    decodeAll(small, generous);
    const few = cost(() => decodeAll(small, generous));
    const many = cost(() => decodeAll(large, generous));
    // Eight times as much: quadratic would be 64 times as long. The constant covers the clock and a collection.
    expect(many).toBeLessThan(few * 20 + 40);
  });
});

describe('memory', () => {
  it('of the worst frames within the limits, and what they say, is under 64 MiB', () => {
    const worst = [
      membersOf(DEFAULT_LIMITS.maxValues - 1, 'DTSC'),
      encodeFrame('DTSC', object([['tracks', object(many(DEFAULT_LIMITS.maxTracks, (n) => [`t${n}`, track(n)]))]])),
      encodeFrame(
        'DTPD',
        object(Object.entries({ trackid: 1, time: 1, data: Buffer.alloc(7 * MIB), x: many(16_000, () => null) })),
      ),
      encodeFrame(
        'DTPD',
        object(Object.entries({ trackid: 1, time: 1, data: 'd', x: many(8_000, () => new DtscObject([])) })),
      ),
    ];
    for (const frame of worst) {
      const before = measureLiveBytes();
      const chunks = Math.ceil(frame.length / 1000);
      const outcome = decodeAll(many(chunks, (n) => Buffer.from(frame.subarray(n * 1000, (n + 1) * 1000))));
      expect(measureLiveBytes() - before).toBeLessThan(64 * MIB);
      expect(outcome.messages.length + (outcome.failure ? 1 : 0)).toBe(1);
    }
  });

  it('is not spent on a frame of too many values, even for a moment', () => {
    const nulls = encodeFrame('DTPD', object([['data', many(8 * MIB - 20, () => null)]]));
    const before = measureLiveBytes();
    expect(decodeAll([nulls]).failure?.reason).toBe('too-many-values');
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(16 * MIB);
  });

  it('of a thousand connections that announce 8 MiB and send one byte of it is under 64 MiB', () => {
    const start = Buffer.from('44545032007fffff00', 'hex');
    const before = measureLiveBytes();
    const decoders = many(1000, () => {
      const decoder = new MessageDecoder();
      decoder.write(start);
      expect(decoder.read()).toBeUndefined();
      return decoder;
    });
    expect(measureLiveBytes() - before).toBeLessThan(64 * MIB);
    expect(Math.max(...decoders.map((decoder) => decoder.heldBytes))).toBeLessThanOrEqual(16 * 1024);
  });
});
