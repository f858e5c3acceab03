import { describe, expect, it } from 'vitest';
import { type DtscLimits, toLimits } from './limits.ts';
import type { ProtocolReason } from './protocol-error.ts';
import { decodeObject } from './read-value.ts';
import { expectProtocolError } from './testing/expect-protocol-error.ts';
import { DtscDouble, DtscObject, type DtscValue, object, text } from './value.ts';
import { encodeObject } from './write-value.ts';

const hex = (digits: string) => Buffer.from(digits.replaceAll(' ', ''), 'hex');
const holding = (value: DtscValue) => new DtscObject([['k', value]]);

describe('values and their bytes', () => {
  const vectors: [string, DtscValue, string][] = [
    ['zero', 0, '01 0000000000000000'],
    ['one', 1, '01 0000000000000001'],
    ['minus one', -1, '01 ffffffffffffffff'],
    ['more than 32 bits', 1_795_337_122_965, '01 000001a2026e7495'],
    ['less than -32 bits', -4_294_967_297, '01 fffffffeffffffff'],
    ['the largest exact number', Number.MAX_SAFE_INTEGER, '01 001fffffffffffff'],
    ['the smallest exact number', Number.MIN_SAFE_INTEGER, '01 ffe0000000000001'],
    ['beyond exact numbers', 2n ** 53n, '01 0020000000000000'],
    ['below exact numbers', -(2n ** 53n), '01 ffe0000000000000'],
    ['the largest', 2n ** 63n - 1n, '01 7fffffffffffffff'],
    ['the smallest', -(2n ** 63n), '01 8000000000000000'],
    ['text', text('Pong!'), '02 00000005 506f6e6721'],
    ['no bytes', Buffer.alloc(0), '02 00000000'],
    ['null', null, '03'],
    ['a double', DtscDouble.from(1.5), '04 3ff8000000000000'],
    ['an object', object([['a', 1]]), 'e0 0001 61 01 0000000000000001 0000ee'],
    ['an empty object', new DtscObject([]), 'e0 0000ee'],
    ['an array', [null, 2], '0a 03 01 0000000000000002 0000ee'],
    ['an empty array', [], '0a 0000ee'],
  ];

  it.each(vectors)('%s', (_, value, digits) => {
    const bytes = hex(`e0 0001 6b ${digits} 0000ee`);
    expect(encodeObject(holding(value))).toEqual(bytes);
    expect(decodeObject(bytes)).toEqual(holding(value));
  });

  it('reads the old mark of an object, and writes the new one', () => {
    const decoded = decodeObject(hex('ff 0001 6b 03 0000ee'));
    expect(decoded).toEqual(holding(null));
    expect(encodeObject(decoded)).toEqual(hex('e0 0001 6b 03 0000ee'));
  });

  it('gives a double its value', () => {
    expect(new DtscDouble(0x3ff8_0000_0000_0000n).value).toBe(1.5);
    expect(DtscDouble.from(Number.NaN).value).toBeNaN();
  });

  it('keeps order and repetition of keys, and finds the first', () => {
    const bytes = hex('e0 0001 62 03 0001 61 01 0000000000000001 0001 61 01 0000000000000002 0000ee');
    const decoded = decodeObject(bytes);
    expect(decoded.find('a')).toBe(1);
    expect(decoded.find('c')).toBeUndefined();
    expect(encodeObject(decoded)).toEqual(bytes);
  });

  it('keeps a key that is no text, and one that names a property of every object', () => {
    const decoded = decodeObject(hex('e0 0002 ff00 03 0009 5f5f70726f746f5f5f 03 0000ee'));
    expect(decoded.entries.map(([key]) => key)).toEqual(['\xff\0', '__proto__']);
  });

  it('reads strings without a copy', () => {
    const bytes = encodeObject(holding(text('data')));
    const value = decodeObject(bytes).find('k');
    expect(Buffer.isBuffer(value) && value.buffer === bytes.buffer).toBe(true);
  });

  it('builds objects from text, booleans and what is there', () => {
    const built = object([
      ['a', 'é'],
      ['b', true],
      ['c', false],
      ['d', undefined],
    ]);
    expect(built.entries).toEqual([
      ['a', Buffer.from('é', 'utf8')],
      ['b', 1],
      ['c', 0],
    ]);
  });
});

describe('bytes that are no object', () => {
  const nested = (levels: number) => hex(`${'e0 0001 6b '.repeat(levels)} 03 ${'0000ee'.repeat(levels)}`);
  const cases: [string, Buffer, ProtocolReason, number, Partial<DtscLimits>?][] = [
    ['nothing', hex(''), 'truncated', 0],
    ['another value', hex('03'), 'wrong-type', 0],
    ['an unknown type', hex('e0 0001 6b 05 0000ee'), 'unknown-type', 4],
    ['a type of nothing', hex('e0 0001 6b 00 0000ee'), 'unknown-type', 4],
    ['a cut integer', hex('e0 0001 6b 01 00000000'), 'truncated', 5],
    ['a string longer than there is', hex('e0 0001 6b 02 00000004 616263'), 'truncated', 9],
    ['a string of 4 GiB', hex('e0 0001 6b 02 ffffffff 616263'), 'truncated', 9],
    ['a key longer than there is', hex('e0 ffff 6b'), 'truncated', 3],
    ['an object without end', hex('e0 0001 6b 03'), 'truncated', 5],
    ['an object with half an end', hex('e0 0000'), 'truncated', 3],
    ['an array without end', hex('e0 0001 6b 0a 03'), 'truncated', 6],
    ['an object with another end', hex('e0 0000ef'), 'bad-terminator', 3],
    ['an array with another end', hex('e0 0001 6b 0a 000000 0000ee'), 'bad-terminator', 7],
    ['more behind it', hex('e0 0000ee 00'), 'trailing-bytes', 4],
    ['too deep', nested(17), 'too-deep', 65],
    ['deeper than asked for', nested(3), 'too-deep', 9, { maxDepth: 2 }],
    ['arrays too deep', hex(`e0 0001 6b ${'0a'.repeat(20)}`), 'too-deep', 20],
    ['too many values', hex('e0 0001 6b 03 0001 6b 03 0000ee'), 'too-many-values', 8, { maxValues: 2 }],
  ];

  it.each(cases)('%s', (_, bytes, reason, offset, limits) => {
    expectProtocolError(() => decodeObject(bytes, toLimits(limits)), reason, offset);
  });

  it('may be as deep and as many as the limits say', () => {
    expect(decodeObject(nested(16))).toBeInstanceOf(DtscObject);
    expect(decodeObject(nested(2), toLimits({ maxDepth: 2, maxValues: 3 }))).toBeInstanceOf(DtscObject);
  });
});

describe('trees that have no bytes', () => {
  const cycle: DtscValue[] = [];
  cycle.push(cycle);
  const cases: [string, DtscObject][] = [
    ['a fraction', holding(1.5)],
    ['no number', holding(Number.NaN)],
    ['an integer that was rounded', holding(2 ** 53)],
    ['an integer of more than 64 bits', holding(2n ** 63n)],
    ['an empty key', new DtscObject([['', 1]])],
    ['a key of 64 KiB', new DtscObject([['k'.repeat(65_536), 1]])],
    ['a key that is not latin1', new DtscObject([['→', 1]])],
    ['a cycle', holding(cycle)],
  ];

  it.each(cases)('%s', (_, tree) => {
    expect(() => encodeObject(tree)).toThrow(RangeError);
  });
});
