import { writeFrameStart } from './frame.ts';
import type { PacketInput } from './packet.ts';
import { type DtscEntry, DtscObject, type DtscValue } from './value.ts';
import * as wire from './wire.ts';
import { sizeOfValue, writeValue } from './write-value.ts';

/**
 * A packet as `DTP2` frame, members in the protocol's order and only those that say something, then the extra ones. `data` is copied.
 * Throws `RangeError` when a number is not an integer in its range.
 */
export function encodePacket(packet: PacketInput): Buffer {
  if (!Number.isSafeInteger(packet.timeMs) || packet.timeMs < 0) throw new RangeError(`time ${packet.timeMs} ms`);
  const members = new DtscObject(toEntries(packet));
  const payloadBytes = wire.PACKET_HEADER_BYTES + sizeOfValue(members);
  const bytes = Buffer.allocUnsafe(wire.FRAME_HEADER_BYTES + payloadBytes);
  const at = bytes.writeUInt32BE(packet.trackId, writeFrameStart(bytes, 'DTP2', payloadBytes));
  writeValue(bytes, wire.writeInteger(bytes, at, packet.timeMs), members);
  return bytes;
}

function toEntries({ offsetMs = 0, bytePosition = 0, isKeyframe = false, data, extra = [] }: PacketInput): DtscEntry[] {
  const entries: [string, DtscValue][] = [];
  if (offsetMs !== 0) entries.push(['offset', offsetMs]);
  if (bytePosition !== 0) entries.push(['bpos', bytePosition]);
  if (isKeyframe) entries.push(['keyframe', 1]);
  entries.push(['data', data]);
  return extra.length === 0 ? entries : [...entries, ...extra];
}
