import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findPeerIdentity, formatSpiffeId, parseSpiffeId, type SpiffeParts } from './spiffe.ts';

const timeMs = Number(process.env.FUZZ_MS ?? '2000') / 4;
const run = { interruptAfterTimeLimit: timeMs, numRuns: 50_000 };

const id = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
const domain = fc.constantFrom('example.org', 'a', 'media.example.test', 'x-1.y');
const parts: fc.Arbitrary<SpiffeParts> = fc.oneof(
  fc.record({ kind: fc.constant('service' as const), domain, plane: id, service: id, instance: id }),
  fc.record({ kind: fc.constant('foghorn' as const), domain, instance: id }),
  fc.record({ kind: fc.constant('node' as const), domain, clusterId: id, nodeId: id }),
);

describe('spiffe ids, fuzzed', () => {
  it('format then parse gives the parts back', () => {
    fc.assert(
      fc.property(parts, (given) => {
        const uri = formatSpiffeId(given);
        expect(parseSpiffeId(uri)).toEqual({ ...given, uri });
      }),
      run,
    );
  });

  it('whatever parses formats to the very same text', () => {
    const alphabet = fc.constantFrom(
      'spiffe://',
      'example.org',
      '/',
      'cluster',
      'node',
      'foghorn',
      'a',
      'A',
      '-',
      '.',
      '%2f',
      '?',
      '#',
      '@',
      ':',
      ' ',
      '\0',
      'é',
    );
    const text = fc.oneof(
      fc.array(alphabet, { maxLength: 14 }).map((pieces) => pieces.join('')),
      fc.array(alphabet, { maxLength: 12 }).map((pieces) => `spiffe://example.org/${pieces.join('')}`),
      fc.string({ maxLength: 80 }),
    );
    fc.assert(
      fc.property(text, (candidate) => {
        const identity = findPeerIdentity(candidate);
        if (identity) expect(formatSpiffeId(identity)).toBe(candidate);
      }),
      run,
    );
  });

  it('no mutation of one character makes an id of another kind with other text', () => {
    fc.assert(
      fc.property(
        parts,
        fc.nat(200),
        fc.constantFrom('', '/', 'A', '%', '.', '\n', '?', '//'),
        (given, at, replacement) => {
          const uri = formatSpiffeId(given);
          const position = at % uri.length;
          const mutated = uri.slice(0, position) + replacement + uri.slice(position + 1);
          const identity = findPeerIdentity(mutated);
          if (identity) expect(formatSpiffeId(identity)).toBe(mutated);
        },
      ),
      run,
    );
  });
});
