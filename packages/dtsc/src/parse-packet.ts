import type { Frame } from './frame.ts';
import { DEFAULT_LIMITS, type DtscLimits } from './limits.ts';
import { Members, SIGNED, UINT32 } from './members.ts';
import type { MediaPacket } from './packet.ts';
import { ProtocolError } from './protocol-error.ts';
import { ValueReader } from './read-value.ts';
import * as wire from './wire.ts';

const OBJECT_AT = wire.FRAME_HEADER_BYTES + wire.PACKET_HEADER_BYTES;

/** Reads the packet of a `DTP2` or `DTPD` frame. `data` is a view of the frame. Throws `ProtocolError`. */
export function parsePacket(frame: Frame, limits: DtscLimits = DEFAULT_LIMITS): MediaPacket {
  const isOld = frame.magic === 'DTPD';
  if (!isOld && frame.bytes.length < OBJECT_AT) {
    throw new ProtocolError('truncated', frame.offset, 'a packet without track id and time');
  }
  const position = isOld ? wire.FRAME_HEADER_BYTES : OBJECT_AT;
  const reader = new ValueReader(frame.bytes, { position, base: frame.offset, limits });
  const members = new Members(reader.wholeObject(), { what: 'packet', offset: frame.offset });
  return {
    trackId: isOld ? members.required('trackid', members.integer('trackid', UINT32)) : readTrackId(frame),
    timeMs: isOld ? members.required('time', members.integer('time')) : readTime(frame),
    offsetMs: members.integer('offset', SIGNED) ?? 0,
    bytePosition: members.integer('bpos') ?? 0,
    isKeyframe: members.flag('keyframe'),
    data: members.required('data', members.bytes('data')),
    extra: members.rest(),
  };
}

function readTrackId(frame: Frame): number {
  return frame.bytes.readUInt32BE(wire.FRAME_HEADER_BYTES);
}

/** Unsigned on the wire; what does not fit a number is a quarter of a million years away, so a mistake. */
function readTime(frame: Frame): number {
  const timeMs = wire.readInteger(frame.bytes, wire.FRAME_HEADER_BYTES + 4);
  if (typeof timeMs === 'number' && timeMs >= 0) return timeMs;
  throw new ProtocolError(
    'out-of-range',
    frame.offset + wire.FRAME_HEADER_BYTES + 4,
    'the time of a packet is too large',
  );
}
