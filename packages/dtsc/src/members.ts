import { isUtf8 } from 'node:buffer';
import { ProtocolError, type ProtocolReason } from './protocol-error.ts';
import type { DtscEntry, DtscObject, DtscValue } from './value.ts';

/** Integers a member may hold, both ends included; the default is what a number holds exactly and is not negative. */
export interface IntegerRange {
  readonly min?: number;
  readonly max?: number;
}

const MAX_UINT32 = 0xffff_ffff;
export const UINT32: IntegerRange = { min: 0, max: MAX_UINT32 };
export const SIGNED: IntegerRange = { min: Number.MIN_SAFE_INTEGER };

/**
 * Takes the members of an object by name and type; what nobody asks for is `rest()`. Each getter gives `undefined` when there is no such
 * member and throws `ProtocolError` when it is of another type. Of several members with one name the first counts.
 */
export class Members {
  readonly #entries: readonly DtscEntry[];
  readonly #asked = new Set<string>();
  readonly #what: string;
  readonly #offset: number;

  /** `what` names the object in errors; `offset` is where its frame begins in the stream. */
  constructor(object: DtscObject, { what, offset }: { what: string; offset: number }) {
    this.#entries = object.entries;
    this.#what = what;
    this.#offset = offset;
  }

  integer(key: string, { min = 0, max = Number.MAX_SAFE_INTEGER }: IntegerRange = {}): number | undefined {
    const value = this.take(key);
    if (value === undefined) return undefined;
    if (typeof value !== 'number' && typeof value !== 'bigint') this.fail('wrong-type', `${key} is not an integer`);
    if (typeof value === 'bigint' || value < min || value > max) this.fail('out-of-range', `${key} is ${value}`);
    return value;
  }

  /** Absent is `false`, as 0 is. */
  flag(key: string): boolean {
    return (this.integer(key, SIGNED) ?? 0) !== 0;
  }

  bytes(key: string): Buffer | undefined {
    const value = this.take(key);
    if (value === undefined || Buffer.isBuffer(value)) return value;
    return this.fail('wrong-type', `${key} is not a string`);
  }

  text(key: string): string | undefined {
    const bytes = this.bytes(key);
    if (bytes === undefined) return undefined;
    if (!isUtf8(bytes)) this.fail('wrong-type', `${key} is not UTF-8`);
    return bytes.toString('utf8');
  }

  take(key: string): DtscValue | undefined {
    this.#asked.add(key);
    for (const entry of this.#entries) if (entry[0] === key) return entry[1];
    return undefined;
  }

  /** `value`, which must be there. */
  required<T>(key: string, value: T | undefined): T {
    return value === undefined ? this.fail('missing-member', `${key} is missing`) : value;
  }

  /** The members nobody asked for, in wire order. Repetitions of known ones are left out: they mean nothing, and moved, they might. */
  rest(): readonly DtscEntry[] {
    return this.#entries.filter(([key]) => !this.#asked.has(key));
  }

  fail(reason: ProtocolReason, message: string): never {
    throw new ProtocolError(reason, this.#offset, `${this.#what}: ${message}`);
  }
}
