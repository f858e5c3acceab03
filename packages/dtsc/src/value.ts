/**
 * The tree that every DTSC payload is.
 *
 * - Integers are signed 64 bit. A `number` when that is exact, a `bigint` only beyond; there are no booleans, they are 0 and 1.
 * - A `Buffer` is what the protocol calls a string: bytes, as often text as not. Decoded ones are views of the received bytes.
 * - Arrays and `null` exist but are not seen in stream traffic.
 */
export type DtscValue = number | bigint | Buffer | null | DtscDouble | DtscObject | readonly DtscValue[];

/** A key holds one character per byte (latin1), so that any key survives a round trip; those of the protocol are ASCII. */
export type DtscEntry = readonly [key: string, value: DtscValue];

/** Members in wire order. Keys may repeat; the first counts. */
export class DtscObject {
  readonly entries: readonly DtscEntry[];

  constructor(entries: readonly DtscEntry[]) {
    this.entries = entries;
  }

  /** The first member of this name. Linear in the number of members, of which there are few. */
  find(key: string): DtscValue | undefined {
    for (const entry of this.entries) if (entry[0] === key) return entry[1];
    return undefined;
  }
}

/**
 * A double, by its bits, so that it differs from an integer and keeps its NaN. Do not send one: MistServer writes them wrongly, so
 * nobody can rely on what arrives.
 */
export class DtscDouble {
  readonly bits: bigint;

  constructor(bits: bigint) {
    this.bits = BigInt.asUintN(64, bits);
  }

  get value(): number {
    return new Float64Array(BigUint64Array.of(this.bits).buffer)[0] ?? Number.NaN;
  }

  static from(value: number): DtscDouble {
    return new DtscDouble(new BigUint64Array(Float64Array.of(value).buffer)[0] ?? 0n);
  }
}

/** Text as a DTSC string, UTF-8. */
export function text(value: string): Buffer {
  return Buffer.from(value, 'utf8');
}

/** Builds an object in the given order. Text becomes UTF-8 bytes, booleans 0 or 1; members that are `undefined` are left out. */
export function object(entries: Iterable<readonly [string, DtscValue | string | boolean | undefined]>): DtscObject {
  const kept: DtscEntry[] = [];
  for (const [key, value] of entries) if (value !== undefined) kept.push([key, toValue(value)]);
  return new DtscObject(kept);
}

function toValue(value: DtscValue | string | boolean): DtscValue {
  if (typeof value === 'string') return text(value);
  return typeof value === 'boolean' ? Number(value) : value;
}
