import { DtscDouble, DtscObject, type DtscValue } from './value.ts';
import * as wire from './wire.ts';

/** Deeper trees are mistakes (a cycle, most likely), and must not end in a stack overflow. */
const MAX_DEPTH = 64;
const MAX_KEY_BYTES = 0xffff;

/** Bytes that `value` takes on the wire. Throws `RangeError` when a tree is too deep to be meant. */
export function sizeOfValue(value: DtscValue, depth = 0): number {
  if (typeof value === 'number' || typeof value === 'bigint' || value instanceof DtscDouble) return 9;
  if (value === null) return 1;
  if (Buffer.isBuffer(value)) return 5 + value.length;
  if (depth > MAX_DEPTH) throw new RangeError(`a tree of more than ${MAX_DEPTH} levels`);
  let size = 1 + wire.TERMINATOR_BYTES;
  if (value instanceof DtscObject) for (const [key, member] of value.entries) size += sizeOfMember(key, member, depth);
  else for (const item of value) size += sizeOfValue(item, depth + 1);
  return size;
}

function sizeOfMember(key: string, value: DtscValue, depth: number): number {
  return 2 + key.length + sizeOfValue(value, depth + 1);
}

/** Writes `value` at `at`, where `sizeOfValue` bytes are free; returns the position behind. Throws `RangeError` as `encodeObject` does. */
export function writeValue(bytes: Buffer, at: number, value: DtscValue): number {
  if (typeof value === 'number' || typeof value === 'bigint') {
    return wire.writeInteger(bytes, bytes.writeUInt8(wire.TYPE_INTEGER, at), value);
  }
  if (value === null) return bytes.writeUInt8(wire.TYPE_NULL, at);
  if (Buffer.isBuffer(value)) return writeString(bytes, at, value);
  if (value instanceof DtscDouble) return bytes.writeBigUInt64BE(value.bits, bytes.writeUInt8(wire.TYPE_DOUBLE, at));
  return writeContainer(bytes, at, value);
}

function writeString(bytes: Buffer, at: number, value: Buffer): number {
  bytes.writeUInt8(wire.TYPE_STRING, at);
  const begin = bytes.writeUInt32BE(value.length, at + 1);
  bytes.set(value, begin);
  return begin + value.length;
}

function writeContainer(bytes: Buffer, at: number, value: DtscObject | readonly DtscValue[]): number {
  let end = at + 1;
  if (value instanceof DtscObject) {
    bytes.writeUInt8(wire.TYPE_OBJECT, at);
    for (const [key, member] of value.entries) end = writeValue(bytes, writeKey(bytes, end, key), member);
  } else {
    bytes.writeUInt8(wire.TYPE_ARRAY, at);
    for (const item of value) end = writeValue(bytes, end, item);
  }
  return bytes.writeUInt8(wire.TERMINATOR_MARK, bytes.writeUInt16BE(0, end));
}

function writeKey(bytes: Buffer, at: number, key: string): number {
  if (key.length === 0 || key.length > MAX_KEY_BYTES) throw new RangeError(`a key of ${key.length} bytes`);
  for (let i = 0; i < key.length; i++) {
    if (key.charCodeAt(i) > 0xff) throw new RangeError('a key holds one character per byte (latin1)');
  }
  const begin = bytes.writeUInt16BE(key.length, at);
  return begin + bytes.write(key, begin, 'latin1');
}

/**
 * The bytes of one object. Throws `RangeError` for what the encoding cannot say: an integer beyond 64 bits or not an integer, a key
 * that is empty, longer than 65535 bytes or not latin1, a tree of more than 64 levels.
 */
export function encodeObject(value: DtscObject): Buffer {
  const bytes = Buffer.allocUnsafe(sizeOfValue(value));
  writeValue(bytes, 0, value);
  return bytes;
}
