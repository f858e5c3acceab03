import { DEFAULT_LIMITS, type DtscLimits } from './limits.ts';
import { ProtocolError, type ProtocolReason } from './protocol-error.ts';
import { DtscDouble, type DtscEntry, DtscObject, type DtscValue } from './value.ts';
import * as wire from './wire.ts';

/**
 * Reads values from bytes that are all there. Every length is checked against what is left before anything is made of it, and every
 * value counts against the limits, so time and memory are linear in the smaller of the two.
 */
export class ValueReader {
  readonly #bytes: Buffer;
  readonly #limits: DtscLimits;
  /** Where `bytes` begin in the stream. */
  readonly #base: number;
  #values = 0;
  #position: number;

  constructor(
    bytes: Buffer,
    { position = 0, base = 0, limits }: { position?: number; base?: number; limits: DtscLimits },
  ) {
    this.#bytes = bytes;
    this.#limits = limits;
    this.#base = base;
    this.#position = position;
  }

  /** The object that must fill the bytes from here to their end. */
  wholeObject(): DtscObject {
    const begin = this.#position;
    const value = this.#value(0);
    if (!(value instanceof DtscObject)) this.#fail('wrong-type', 'a payload is an object', begin);
    if (this.#position < this.#bytes.length) this.#fail('trailing-bytes', 'bytes behind the object');
    return value;
  }

  #fail(reason: ProtocolReason, message: string, at = this.#position): never {
    throw new ProtocolError(reason, this.#base + at, message);
  }

  #value(depth: number): DtscValue {
    if (++this.#values > this.#limits.maxValues)
      this.#fail('too-many-values', `more than ${this.#limits.maxValues} values`);
    const type = this.#bytes[this.#take(1)];
    switch (type) {
      case wire.TYPE_INTEGER:
        return wire.readInteger(this.#bytes, this.#take(8));
      case wire.TYPE_STRING:
        return this.#string();
      case wire.TYPE_OBJECT:
      case wire.TYPE_OBJECT_OLD:
        return new DtscObject(this.#members(this.#deeper(depth)));
      case wire.TYPE_ARRAY:
        return this.#items(this.#deeper(depth));
      case wire.TYPE_NULL:
        return null;
      case wire.TYPE_DOUBLE:
        return new DtscDouble(this.#bytes.readBigUInt64BE(this.#take(8)));
      default:
        return this.#fail('unknown-type', `no value has type ${type}`, this.#position - 1);
    }
  }

  #members(depth: number): DtscEntry[] {
    const entries: DtscEntry[] = [];
    for (let length = this.#keyLength(); length > 0; length = this.#keyLength()) {
      const key = this.#bytes.toString('latin1', this.#position - length, this.#position);
      entries.push([key, this.#value(depth)]);
    }
    return entries;
  }

  /** Passes the next key, which then ends at `#position`, and returns its length; or passes the end of the object and returns 0. */
  #keyLength(): number {
    const length = this.#bytes.readUInt16BE(this.#take(2));
    if (length > 0) this.#take(length);
    else this.#closeContainer();
    return length;
  }

  #items(depth: number): DtscValue[] {
    const items: DtscValue[] = [];
    while (!this.#isAtTerminator()) items.push(this.#value(depth));
    this.#position += 2;
    this.#closeContainer();
    return items;
  }

  #isAtTerminator(): boolean {
    return this.#bytes[this.#position] === 0 && this.#bytes[this.#position + 1] === 0;
  }

  #string(): Buffer {
    const length = this.#bytes.readUInt32BE(this.#take(4));
    const begin = this.#take(length);
    return this.#bytes.subarray(begin, begin + length);
  }

  #deeper(depth: number): number {
    if (depth >= this.#limits.maxDepth) this.#fail('too-deep', `more than ${this.#limits.maxDepth} containers deep`);
    return depth + 1;
  }

  #closeContainer(): void {
    const mark = this.#take(1);
    if (this.#bytes[mark] !== wire.TERMINATOR_MARK)
      this.#fail('bad-terminator', 'a container ends with 00 00 EE', mark);
  }

  /** Passes `length` bytes and returns where they begin; fails when they are not there. */
  #take(length: number): number {
    const begin = this.#position;
    if (length > this.#bytes.length - begin) this.#fail('truncated', `${length} bytes expected`);
    this.#position = begin + length;
    return begin;
  }
}

/** Decodes bytes that are one object and nothing else. Strings are views of `bytes`. Throws `ProtocolError`. */
export function decodeObject(bytes: Buffer, limits: DtscLimits = DEFAULT_LIMITS): DtscObject {
  return new ValueReader(bytes, { limits }).wholeObject();
}
