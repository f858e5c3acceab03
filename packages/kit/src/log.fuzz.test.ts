import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { captureLog } from '../test-fixtures/capture.ts';
import { allowFuzzTime, fuzz } from '../test-fixtures/fuzz.ts';
import { createLogger, type Logger } from './log.ts';
import { redacted } from './redact.ts';

allowFuzzTime();

const alphabet = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'];
/** 160 bits and more in base64url. Without a digit or capital (1 in 10^11) it would count as a word behind a letter. */
const body = fc
  .string({ unit: fc.constantFrom(...alphabet), minLength: 27, maxLength: 60 })
  .filter((text) => /[0-9A-Z]/.test(text.slice(0, 20)));
const own = fc
  .tuple(fc.constantFrom('enroll_', 'invite_', 'sk_', 'fw_', 'join_'), body)
  .map(([prefix, tail]) => prefix + tail);
const password = fc.string({
  unit: fc.constantFrom(...alphabet, '.', '~', '!', '$', '*'),
  minLength: 8,
  maxLength: 30,
});

/** What may stand around a secret: anything, but no letters of its own alphabet behind it, which would belong to it. */
const before = fc.string({ unit: 'binary', maxLength: 20 });
const after = fc.oneof(
  fc.constant(''),
  fc.tuple(fc.constantFrom(' ', '"', '\n', '/', '&', ',', '}'), fc.string({ unit: 'binary' })).map((p) => p.join('')),
);

/** Every way a text can get into a log line. */
const ways: Record<string, (log: Logger, text: string) => void> = {
  message: (log, text) => log.info(text),
  value: (log, text) => log.info({ text }, 'x'),
  deep: (log, text) => log.info({ a: [{ b: { c: [text] } }] }, 'x'),
  name: (log, text) => log.info({ byKey: { [text]: 1 } }, 'x'),
  topName: (log, text) => log.info({ [text]: 1 }, 'x'),
  error: (log, text) => log.error(new Error(text)),
  cause: (log, text) => log.error({ error: new Error('outer', { cause: new Error(text) }) }, 'x'),
  aggregate: (log, text) => log.error({ failure: new AggregateError([new Error(text)], 'x') }, 'x'),
  thrownText: (log, text) => log.error({ error: text }, 'x'),
  binding: (log, text) => log.child({ bound: text }).info('x'),
  json: (log, text) => log.info(JSON.stringify({ nested: JSON.stringify(text) })),
  format: (log, text) => log.info('got %s', text),
  toJson: (log, text) => log.info({ thing: { toJSON: () => ({ text }) } }, 'x'),
};
const way = fc.constantFrom(...Object.keys(ways));

function written(name: string, text: string, secrets: string[] = []): string {
  const captured = captureLog();
  const log = createLogger({ service: 's', instance: 's', destination: captured.destination, secrets });
  ways[name]?.(log, text);
  expect(captured.lines()).toHaveLength(1);
  return captured.text();
}

describe('the logger, on random records', () => {
  it('never writes a secret of ours, wherever it sits', () => {
    fc.assert(
      fc.property(way, before, own, after, (name, left, secret, right) => {
        expect(written(name, left + secret + right)).not.toContain(secret.slice(-20));
      }),
      fuzz(),
    );
  });

  it('never writes the password of a URL', () => {
    const scheme = fc.constantFrom('postgres', 'redis', 'https', 'nats', 'rtmp');
    const user = fc.stringMatching(/^[a-z]{0,8}$/);
    fc.assert(
      fc.property(way, scheme, user, password, (name, protocol, login, secret) => {
        // Digits alone up to a slash are a port; a password is more than that.
        fc.pre(!/^\d{1,5}$/.test(secret));
        // Words of the record itself, such as those of a stack trace, are no secret.
        fc.pre(!written(name, 'innocent').includes(secret));
        expect(written(name, `at ${protocol}://${login}:${secret}@host:1/db failed`)).not.toContain(secret);
      }),
      fuzz(),
    );
  });

  it('never writes a configured secret, whatever it looks like', () => {
    const any = fc.string({ unit: 'grapheme', minLength: 8, maxLength: 30 });
    fc.assert(
      fc.property(way, before, any, before, (name, left, secret, right) => {
        // Parts of the record itself, such as "level", are no secret.
        const line = written(name, 'innocent');
        fc.pre(!line.includes(secret) && secret.trim() !== '');
        expect(written(name, `${left}${secret}${right}`, [secret])).not.toContain(JSON.stringify(secret).slice(1, -1));
      }),
      fuzz(),
    );
  });

  it('never writes the value of a secret name that arrives as JSON text', () => {
    const secretName = fc.constantFrom('password', 'refreshToken', 'api_key', 'streamKey');
    const plain = fc.string({ unit: fc.constantFrom(...alphabet, ' ', '!', '#', '/'), minLength: 8, maxLength: 30 });
    fc.assert(
      fc.property(way, secretName, plain, fc.nat(2), (name, member, secret, nesting) => {
        fc.pre(secret.trim() === secret && !written(name, member).includes(secret));
        let text = JSON.stringify({ a: 1, [member]: secret });
        for (let i = 0; i < nesting; i++) text = JSON.stringify({ text });
        expect(written(name, text)).not.toContain(secret);
      }),
      fuzz(),
    );
  });

  it('never writes the value of a secret name', () => {
    const secretName = fc.constantFrom(
      'password',
      'refreshToken',
      'api_key',
      'Authorization',
      'set-cookie',
      'streamKey',
    );
    fc.assert(
      fc.property(secretName, password, fc.nat(5), (name, secret, depth) => {
        fc.pre(
          !`${name} list inner ${new Date().toISOString()} level info time service message ${redacted}`.includes(
            secret,
          ),
        );
        let record: Record<string, unknown> = { [name]: { list: [secret] } };
        for (let i = 0; i < depth; i++) record = { inner: [record] };
        const captured = captureLog();
        createLogger({ service: 's', instance: 's', destination: captured.destination }).info(record, 'x');
        expect(captured.text()).not.toContain(secret);
      }),
      fuzz(),
    );
  });
});
