import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemClock } from './system-clock.ts';
import { createUuidSource, isUuid, uuidTime } from './uuid.ts';

describe('createUuidSource', () => {
  it('makes version 7, variant 10, with the time in front', () => {
    const next = createUuidSource({ now: () => 0x0190f3c2abcd });
    for (let i = 0; i < 100; i++) expect(next()).toMatch(/^0190f3c2-abcd-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('matches the example of RFC 9562, appendix A.6', () => {
    const bits = [0x58, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f];
    const next = createUuidSource({ now: () => 0x017f22e279b0 }, (bytes) => bytes.set([...bits, 0x00, 0x00]));
    // The example's rand_a is 0xcc3; ours counts, so only its place is compared.
    expect(next()).toBe('017f22e2-79b0-7000-98c4-dc0c0c07398f');
  });

  it('increases strictly, whatever the wall clock does and however many share a millisecond', () => {
    const times = fc.array(fc.integer({ min: 0, max: 2 ** 45 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(times, fc.constantFrom(1, 3, 2_500), (clock, each) => {
        let nowMs = 0;
        const next = createUuidSource({ now: () => nowMs });
        let last = '';
        for (const time of clock) {
          nowMs = time;
          for (let i = 0; i < each; i++) {
            const id = next();
            if (!(id > last)) throw new Error(`${id} after ${last}`);
            last = id;
          }
        }
        expect(isUuid(last)).toBe(true);
      }),
      { numRuns: 6 },
    );
  });

  it('does not repeat itself', () => {
    const sources = [createUuidSource(systemClock), createUuidSource(systemClock)];
    const ids = new Set(Array.from({ length: 10_000 }, (_, i) => sources[i % 2]?.()));
    expect(ids.size).toBe(10_000);
  });

  it('tells its time', () => {
    expect(uuidTime(createUuidSource({ now: () => 1_900_000_000_123.7 })())).toBe(1_900_000_000_123);
    expect(() => uuidTime('017f22e2-79b0-4000-98c4-dc0c0c07398f')).toThrow('not a UUIDv7');
  });
});
