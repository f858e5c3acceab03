import type { DtscLimits } from './limits.ts';
import { ProtocolError } from './protocol-error.ts';
import type { DtscObject } from './value.ts';
import { FRAME_HEADER_BYTES } from './wire.ts';
import { sizeOfValue, writeValue } from './write-value.ts';

/** What a frame carries: `DTCM` a command, `DTSC` a header, `DTP2` a media packet, `DTPD` a media packet in the old form. */
export type Magic = 'DTCM' | 'DTSC' | 'DTP2' | 'DTPD';

/** One whole frame as received. `bytes` begin with the magic and are a view: valid as long as they are referenced, never to be changed. */
export interface Frame {
  readonly magic: Magic;
  readonly bytes: Buffer;
  /** Position of the frame in the stream, in bytes from its start. */
  readonly offset: number;
}

const MAGIC_CODES: ReadonlyMap<number, Magic> = new Map(
  (['DTCM', 'DTSC', 'DTP2', 'DTPD'] as const).map((magic) => [Buffer.from(magic, 'latin1').readUInt32BE(0), magic]),
);

/** What is known of a frame once its first eight bytes are there. */
export interface FrameStart {
  readonly magic: Magic;
  /** Magic, length and payload. */
  readonly totalBytes: number;
}

/** Reads magic and length at `at`, where eight bytes are. `offset` is where that is in the stream. Throws `ProtocolError`. */
export function readFrameStart(bytes: Buffer, at: number, context: { offset: number; limits: DtscLimits }): FrameStart {
  const magic = MAGIC_CODES.get(bytes.readUInt32BE(at));
  if (!magic) throw new ProtocolError('bad-magic', context.offset, 'not the start of a DTSC frame');
  const payloadBytes = bytes.readUInt32BE(at + 4);
  const maxBytes = maxPayloadBytes(magic, context.limits);
  if (payloadBytes > maxBytes) {
    throw new ProtocolError(
      'frame-too-large',
      context.offset,
      `${payloadBytes} bytes of ${magic}, at most ${maxBytes}`,
    );
  }
  return { magic, totalBytes: FRAME_HEADER_BYTES + payloadBytes };
}

function maxPayloadBytes(magic: Magic, limits: DtscLimits): number {
  if (magic === 'DTCM') return limits.maxCommandBytes;
  return magic === 'DTSC' ? limits.maxHeaderBytes : limits.maxPacketBytes;
}

/** Whether these first bytes of a frame can be, or still become, a magic: garbage is told from a slow peer by its first byte. */
export function canBecomeMagic(bytes: Buffer): boolean {
  const prefix = bytes.toString('latin1', 0, Math.min(bytes.length, 4));
  for (const magic of MAGIC_CODES.values()) if (magic.startsWith(prefix)) return true;
  return false;
}

/**
 * A frame around one object: a command (`DTCM`), a header (`DTSC`) or an old media packet (`DTPD`). Members are written as they stand,
 * so what `decodeObject` gave comes out byte for byte. Throws `RangeError` as `encodeObject` does.
 */
export function encodeFrame(magic: Exclude<Magic, 'DTP2'>, payload: DtscObject): Buffer {
  const payloadBytes = sizeOfValue(payload);
  const bytes = Buffer.allocUnsafe(FRAME_HEADER_BYTES + payloadBytes);
  writeValue(bytes, writeFrameStart(bytes, magic, payloadBytes), payload);
  return bytes;
}

/** Writes magic and length; returns the position behind. */
export function writeFrameStart(bytes: Buffer, magic: Magic, payloadBytes: number): number {
  return bytes.writeUInt32BE(payloadBytes, bytes.write(magic, 0, 'latin1'));
}
