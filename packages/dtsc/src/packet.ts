import type { Frame } from './frame.ts';
import type { DtscEntry } from './value.ts';
import { FRAME_HEADER_BYTES } from './wire.ts';

/** One access unit of one track. */
export interface MediaPacket {
  /** As announced in the header; means nothing beyond this connection. */
  readonly trackId: number;
  /** When to decode, ms on the stream's clock. Never falls within a track; tracks run apart unless the sender sorts them. */
  readonly timeMs: number;
  /** When to show is `timeMs + offsetMs`; 0 without reordered frames. */
  readonly offsetMs: number;
  /** Where in a source file; 0 when live. */
  readonly bytePosition: number;
  /** Only video's says where decoding can begin; a sender may flag no audio at all. */
  readonly isKeyframe: boolean;
  /** H.264 and HEVC: NAL units, each behind its length in 4 bytes. AAC: a raw frame without ADTS. `JSON` tracks: JSON text. */
  readonly data: Buffer;
  /** Members that the protocol does not know, in wire order. */
  readonly extra: readonly DtscEntry[];
}

/** What must be said to send a packet; the rest has defaults: no offset, no position, no keyframe, nothing extra. */
export type PacketInput = Pick<MediaPacket, 'trackId' | 'timeMs' | 'data'> & Partial<MediaPacket>;

/**
 * The frame of a `DTP2` packet with another track id, for a relay that numbers tracks anew: nothing else of a packet depends on the
 * connection. A copy, unless the id is the same. Throws `RangeError` when the id has no 32 bits.
 */
export function withTrackId(frame: Frame, trackId: number): Buffer {
  if (frame.magic !== 'DTP2') throw new RangeError(`a ${frame.magic} frame has no track id in front`);
  if (frame.bytes.readUInt32BE(FRAME_HEADER_BYTES) === trackId) return frame.bytes;
  const copy = Buffer.allocUnsafe(frame.bytes.length);
  copy.set(frame.bytes);
  copy.writeUInt32BE(trackId, FRAME_HEADER_BYTES);
  return copy;
}
