import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fifo } from './fifo.ts';

describe('Fifo', () => {
  it('agrees with an array, whatever happens', () => {
    const step = fc.oneof(
      fc.record({ op: fc.constant('push' as const), n: fc.nat() }),
      fc.record({ op: fc.constant('shift' as const), n: fc.constant(0) }),
      fc.record({ op: fc.constant('removeAt' as const), n: fc.integer({ min: -1, max: 40 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (script) => {
        const fifo = new Fifo<number>();
        const model: number[] = [];
        for (const { op, n } of script) {
          if (op === 'push') {
            fifo.push(n);
            model.push(n);
          } else if (op === 'shift') expect(fifo.shift()).toBe(model.shift());
          else expect(fifo.removeAt(n)).toBe(n < 0 ? undefined : model.splice(n, 1)[0]);
          expect(Array.from({ length: fifo.length }, (_, i) => fifo.at(i))).toEqual(model);
        }
        expect(fifo.at(model.length)).toBeUndefined();
      }),
    );
  });
});
