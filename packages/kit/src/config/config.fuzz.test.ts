import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allowFuzzTime, fuzz } from '../../test-fixtures/fuzz.ts';
import { formatHostPort, parseHostPort } from './address.ts';
import { defineConfig } from './definition.ts';
import { formatDuration, parseDuration } from './duration.ts';
import { field } from './fields.ts';
import { formatMistakes } from './mistake.ts';
import { parseConfig } from './parse.ts';
import { editDistance, suggest } from './suggest.ts';

allowFuzzTime();

const definition = defineConfig({
  service: 'fuzzed',
  prefix: 'FZ',
  fields: {
    token: field.secret({ doc: 'A secret.', pattern: /[a-z]+-[0-9]{4}/ }),
    count: field.int({ doc: 'A count.', default: 3, min: 0, max: 10 }),
    share: field.number({ doc: 'A share.', default: 0.5, min: 0, max: 1 }),
    ttlMs: field.durationMs({ doc: 'A time.', default: 1_000 }),
    store: field.url({ doc: 'A store.', schemes: ['memory', 'redis'], default: 'memory:' }),
    peer: field.hostPort({ doc: 'A peer.', optional: true }),
    seeds: field.list(field.hostPort({ doc: 'A seed.' }), { doc: 'Seeds.', default: [] }),
    mode: field.enum(['a', 'b'], { doc: 'A mode.', default: 'a' }),
    eager: field.bool({ doc: 'Eager.', default: false }),
  },
});

const plausible = [
  '0',
  '10',
  '11',
  '-1',
  '1.5',
  '10s',
  'redis://h',
  'memory:',
  'http://h',
  '[::1]:80',
  'h:1',
  'a',
  'true',
  'x-1234',
  ' ',
];
const value = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...plausible));
const names = [
  'TOKEN',
  'COUNT',
  'SHARE',
  'TTL',
  'STORE',
  'PEER',
  'SEEDS',
  'MODE',
  'EAGER',
  'INSTANCE',
  'STOP_TIMEOUT',
  'COUNTT',
  'X',
];
const environment = fc.dictionary(fc.constantFrom(...names.map((name) => `FZ_${name}`)), value, {
  maxKeys: names.length,
});

describe('the configuration parser, on random environments', () => {
  it('gives a complete valid value or mistakes, each about a variable with the prefix, on one line', () => {
    const known = ['FZ_COUNTT', 'FZ_X'];
    fc.assert(
      fc.property(environment, (env) => {
        const parsed = parseConfig(definition, env);
        const unknown = known.filter((name) => env[name] !== undefined);
        if (parsed.ok) {
          expect(unknown).toEqual([]);
          expect(Object.keys(parsed.value).sort()).toEqual(Object.keys(definition.fields).sort());
          expect(parsed.value.token).toMatch(/^[a-z]+-[0-9]{4}$/);
          expect(Number.isSafeInteger(parsed.value.ttlMs) && parsed.value.ttlMs >= 0).toBe(true);
          return;
        }
        expect(parsed.mistakes.length).toBeGreaterThan(0);
        expect(new Set(parsed.mistakes.map(({ variable }) => variable)).size).toBe(parsed.mistakes.length);
        expect(unknown.every((name) => parsed.mistakes.some(({ variable }) => variable === name))).toBe(true);
        expect(formatMistakes('fuzzed', parsed.mistakes).split('\n')).toHaveLength(parsed.mistakes.length + 1);
      }),
      fuzz(),
    );
  });

  it('never repeats a secret', () => {
    const secret = fc.stringMatching(/^[A-Z0-9!-]{8,40}$/);
    fc.assert(
      fc.property(environment, secret, (env, token) => {
        const parsed = parseConfig(definition, { ...env, FZ_TOKEN: token, FZ_STORE: `ftp://user:${token}@host/` });
        expect(parsed.ok).toBe(false);
        if (!parsed.ok) expect(formatMistakes('fuzzed', parsed.mistakes)).not.toContain(token);
      }),
      fuzz(),
    );
  });
});

describe('small parsers, on random text', () => {
  it('durations: read back what is written; give whole milliseconds or nothing', () => {
    const ms = fc.nat(Number.MAX_SAFE_INTEGER);
    fc.assert(
      fc.property(ms, (n) => parseDuration(formatDuration(n)) === n),
      fuzz(),
    );
    const almost = fc.stringMatching(/^[0-9.]{0,18}(ms|s|m|h|d|w)?$/);
    fc.assert(
      fc.property(fc.oneof(fc.string(), almost), (text) => {
        const parsed = parseDuration(text);
        return parsed === undefined || (Number.isSafeInteger(parsed) && parsed >= 0);
      }),
      fuzz(),
    );
  });

  it('addresses: read back what is written', () => {
    const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6());
    const address = fc.record({ host, port: fc.nat(65_535) });
    fc.assert(
      fc.property(address, (a) => {
        expect(parseHostPort(formatHostPort(a))).toEqual(a);
      }),
      fuzz(),
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => parseHostPort(text)?.host !== ''),
      fuzz(),
    );
  });

  it('edit distance: a metric between 0 and the longer length, found by suggest', () => {
    const word = fc.string({ unit: fc.constantFrom('A', 'B', '_'), maxLength: 12 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        const distance = editDistance(a, b);
        expect(distance).toBe(editDistance(b, a));
        expect(distance === 0).toBe(a === b);
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
        expect(suggest(a, [b, a])).toBe(a);
      }),
      fuzz(),
    );
  });
});
