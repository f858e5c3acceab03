import { describe, expect, it } from 'vitest';
import { encodePacket } from './encode-packet.ts';
import { encodeFrame, type Frame } from './frame.ts';
import { withTrackId } from './packet.ts';
import { parsePacket } from './parse-packet.ts';
import type { ProtocolReason } from './protocol-error.ts';
import { expectProtocolError } from './testing/expect-protocol-error.ts';
import { type DtscEntry, type DtscValue, object } from './value.ts';
import { encodeObject } from './write-value.ts';

const data = Buffer.from('access unit');

/** A frame with any members, at byte 1000 of its stream. */
function frameOf(entries: readonly DtscEntry[], { trackId = 2, time = 8000n } = {}): Frame {
  const front = Buffer.alloc(20);
  const payload = encodeObject(object(entries));
  front.write('DTP2', 'latin1');
  front.writeUInt32BE(12 + payload.length, 4);
  front.writeUInt32BE(trackId, 8);
  front.writeBigUInt64BE(time, 12);
  return { magic: 'DTP2', bytes: Buffer.concat([front, payload]), offset: 1000 };
}

const asFrame = (bytes: Buffer): Frame => ({ magic: 'DTP2', bytes, offset: 0 });

describe('packets', () => {
  it('have the bytes that MistServer gives them', () => {
    const bytes = encodePacket({ trackId: 2, timeMs: 8000, offsetMs: 80, isKeyframe: true, data: Buffer.alloc(1167) });
    const front = '44545032000004ce000000020000000000001f40e000066f666673657401000000000000005000086b65796672616d65';
    expect(bytes.subarray(0, 48).toString('hex')).toBe(front);
    expect(bytes.subarray(48, 68).toString('hex')).toBe('0100000000000000010004646174610200000' + '48f');
    expect(bytes.subarray(-3).toString('hex')).toBe('0000ee');
  });

  it('carry 35 bytes around their data, 17 more with an offset, 15 with a position, 19 as keyframe', () => {
    const size = (more: object) => encodePacket({ trackId: 1, timeMs: 1, data, ...more }).length - data.length;
    expect(size({})).toBe(35);
    expect(size({ offsetMs: -40 })).toBe(52);
    expect(size({ bytePosition: 7 })).toBe(50);
    expect(size({ isKeyframe: true })).toBe(54);
  });

  it('are read in any order of members, the first of a name counting, unknown ones kept', () => {
    const entries: [string, DtscValue][] = [
      ['data', data],
      ['new', null],
      ['keyframe', 2],
      ['data', Buffer.from('another')],
      ['offset', -40],
    ];
    expect(parsePacket(frameOf(entries))).toEqual({
      trackId: 2,
      timeMs: 8000,
      offsetMs: -40,
      bytePosition: 0,
      isKeyframe: true,
      data,
      extra: [['new', null]],
    });
  });

  it('of the old kind have track and time among their members', () => {
    const members = object([
      ['trackid', 3],
      ['time', 40],
      ['data', data],
    ]);
    const old: Frame = { magic: 'DTPD', bytes: encodeFrame('DTPD', members), offset: 0 };
    expect(parsePacket(old)).toMatchObject({ trackId: 3, timeMs: 40, data, extra: [] });
  });

  it('share their data with the frame', () => {
    const frame = asFrame(encodePacket({ trackId: 1, timeMs: 1, data }));
    expect(parsePacket(frame).data.buffer).toBe(frame.bytes.buffer);
  });

  const wrong: [string, Frame, ProtocolReason, number?][] = [
    ['no data', frameOf([['keyframe', 1]]), 'missing-member', 1000],
    ['data that is a number', frameOf([['data', 1]]), 'wrong-type', 1000],
    ['a keyframe flag in text', frameOf([['keyframe', data]]), 'wrong-type', 1000],
    ['a negative position', frameOf([['bpos', -1]]), 'out-of-range', 1000],
    ['an offset beyond numbers', frameOf([['offset', 2n ** 60n]]), 'out-of-range', 1000],
    ['a time beyond numbers', frameOf([['data', data]], { time: 2n ** 53n }), 'out-of-range', 1012],
    ['a time of all ones', frameOf([['data', data]], { time: 2n ** 64n - 1n }), 'out-of-range', 1012],
    ['no time', { ...frameOf([]), bytes: frameOf([]).bytes.subarray(0, 19) }, 'truncated', 1000],
    ['no object', { ...frameOf([]), bytes: frameOf([]).bytes.subarray(0, 20) }, 'truncated', 1020],
    [
      'a value of no type',
      { ...frameOf([]), bytes: Buffer.from(frameOf([]).bytes).fill(0x0a, 20, 21) },
      'wrong-type',
      1020,
    ],
  ];

  it.each(wrong)('with %s are refused', (_, frame, reason, offset) => {
    expectProtocolError(() => parsePacket(frame), reason, offset);
  });

  it.each([
    { trackId: -1 },
    { trackId: 2 ** 32 },
    { timeMs: -1 },
    { timeMs: 0.5 },
    { offsetMs: Number.NaN },
    { bytePosition: 2 ** 53 },
  ])('with %j are not encoded', (wrongPart) => {
    expect(() => encodePacket({ trackId: 1, timeMs: 1, data, ...wrongPart })).toThrow(RangeError);
  });
});

describe('another track id', () => {
  const frame = asFrame(encodePacket({ trackId: 1, timeMs: 40, data, isKeyframe: true }));

  it('is all that changes', () => {
    const changed = withTrackId(frame, 0xffff_fffe);
    expect(parsePacket(asFrame(changed))).toEqual({ ...parsePacket(frame), trackId: 0xffff_fffe });
    expect(parsePacket(frame).trackId).toBe(1);
  });

  it('costs no copy when it is the same', () => {
    expect(withTrackId(frame, 1)).toBe(frame.bytes);
  });

  it('has 32 bits, and a packet to stand in', () => {
    expect(() => withTrackId(frame, -1)).toThrow(RangeError);
    expect(() => withTrackId({ ...frame, magic: 'DTCM' }, 1)).toThrow(RangeError);
  });
});
