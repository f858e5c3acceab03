/** Numbers of the wire format, shared by reading and writing. Everything is big endian. */

/** The first byte of a value. */
export const TYPE_INTEGER = 0x01;
export const TYPE_STRING = 0x02;
export const TYPE_NULL = 0x03;
export const TYPE_DOUBLE = 0x04;
export const TYPE_ARRAY = 0x0a;
export const TYPE_OBJECT = 0xe0;
/** Read as an object, never written. */
export const TYPE_OBJECT_OLD = 0xff;

/** `00 00 EE` ends objects and arrays: a key of no bytes, or no type, and a mark. */
export const TERMINATOR_BYTES = 3;
export const TERMINATOR_MARK = 0xee;

/** Magic and payload length. */
export const FRAME_HEADER_BYTES = 8;
/** Track id and time, before the object of a `DTP2` frame. */
export const PACKET_HEADER_BYTES = 12;

const HIGH = 2 ** 32;
/** Integers whose upper half is in `[-SAFE_HIGH, SAFE_HIGH)` are exact as numbers (but for -2^53, which is never safe). */
const SAFE_HIGH = 2 ** 21;

/** A signed 64-bit integer: a number when that is exact, else a bigint. */
export function readInteger(bytes: Buffer, at: number): number | bigint {
  const high = bytes.readInt32BE(at);
  if (high >= -SAFE_HIGH && high < SAFE_HIGH) {
    const value = high * HIGH + bytes.readUInt32BE(at + 4);
    if (Number.isSafeInteger(value)) return value;
  }
  return bytes.readBigInt64BE(at);
}

/** Writes a safe integer or a bigint as 8 bytes; returns the position behind. Throws `RangeError` for any other number. */
export function writeInteger(bytes: Buffer, at: number, value: number | bigint): number {
  if (typeof value === 'bigint') return bytes.writeBigInt64BE(value, at);
  if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is not an integer that a number holds exactly`);
  const high = Math.floor(value / HIGH);
  bytes.writeInt32BE(high, at);
  return bytes.writeUInt32BE(value - high * HIGH, at + 4);
}
