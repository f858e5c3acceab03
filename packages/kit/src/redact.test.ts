import { describe, expect, it } from 'vitest';
import { createRedactor, isSecretName, redacted, redactJson, redactText } from './redact.ts';

const random = 'Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5';

describe('redactText', () => {
  it.each([
    ['a stream key in a URL', `rtmp://host/live/sk_${random}`, `rtmp://host/live/${redacted}`],
    ['a token after a letter', `xfw_${random}`, `x${redacted}`],
    ['a secret without digits behind a boundary', `join_${'abcdefghij'.repeat(3)}`, redacted],
    ['a percent-encoded neighbour', `%2Fenroll_${random}%20`, `%2F${redacted}%20`],
    ['a database password', 'postgres://root:hunter2@db:5432/x', `postgres://root:${redacted}@db:5432/x`],
    ['a password without a user', 'redis://:hunter2@cache', `redis://:${redacted}@cache`],
    ['a password with a raw @ and /', 'redis://u:p@ss/w@cache', `redis://u:${redacted}@cache`],
    ['a bearer', `Authorization: Bearer ${random}`, `Authorization: Bearer ${redacted}`],
    ['a JWT', `got eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl.`, `got ${redacted}.`],
    ['a query', 'GET /x?access_token=abc&a=1', `GET /x?access_token=${redacted}&a=1`],
    ['a connection string', 'host=db password=hunter2 user=u', `host=db password=${redacted} user=u`],
    ['a quoted assignment', 'secret="a b c" x', `secret="${redacted}" x`],
    ['JSON as text', '{"password": "a b", "n": 1}', `{"password": "${redacted}", "n": 1}`],
    ['JSON as text, escaped twice', '{\\"apiToken\\":\\"a-b\\"}', `{\\"apiToken\\":\\"${redacted}\\"}`],
    ['a spoken password', 'password: hunter2', `password: ${redacted}`],
    ['a private key', '-----BEGIN EC PRIVATE KEY-----\nMHc\n-----END EC PRIVATE KEY-----\n', `${redacted}\n`],
    ['a cut-off private key', '-----BEGIN PRIVATE KEY-----\nMHcCAQ', redacted],
  ])('hides %s', (_what, text, expected) => {
    expect(redactText(text)).toBe(expected);
  });

  it.each([
    'disk_usage_percent_of_the_limit',
    'https://host:8080/users/@me',
    'http://[::1]:9000/metrics',
    'mailto:someone@example.test',
    'invite_pending',
    'token bucket is full',
    'the token: expired yesterday',
    '10:20:30 user@host',
  ])('leaves %s', (text) => {
    expect(redactText(text)).toBe(text);
  });

  it('is linear in the length of hostile text', () => {
    const hostile = [
      'sk_',
      'eyJ',
      'a://',
      'a://a:',
      'token',
      '_key',
      'bearer ',
      '-----BEGIN PRIVATE KEY-----',
      'aask_',
      'a.',
    ];
    for (const piece of hostile) {
      const startMs = performance.now();
      redactText(`bearer${piece.repeat(200_000 / piece.length)}`);
      expect(performance.now() - startMs, piece).toBeLessThan(2_000);
    }
  });
});

describe('isSecretName', () => {
  it.each(['password', 'refreshToken', 'set-cookie', 'x-api-key', 'DATABASE_PASSWORD', 'privateKey', 'stream_key'])(
    '%s',
    (name) => {
      expect(isSecretName(name)).toBe(true);
    },
  );
  it.each(['tokenId', 'tokensUsed', 'key', 'passwordChangedAt', 'keyId', 'secretary'])('not %s', (name) => {
    expect(isSecretName(name)).toBe(false);
  });
});

describe('redactJson', () => {
  it('hides by name at any depth, and by shape in names and values', () => {
    const value = {
      a: [{ token: 'x', tokens: 3 }],
      [`sk_${random}`]: 1,
      password: { nested: true },
      secret: null,
      cookie: '',
    };
    expect(redactJson(value)).toEqual({
      a: [{ token: redacted, tokens: 3 }],
      [redacted]: 1,
      password: redacted,
      secret: null,
      cookie: '',
    });
  });
});

describe('createRedactor', () => {
  it('hides known values, plain, percent-encoded and escaped, the longest first', () => {
    const { clean, suspects } = createRedactor(['pass"word/1', 'pass"word/1-longer', 'tiny']);
    const text = 'a pass"word/1-longer b pass%22word%2F1 c pass\\"word/1 d tiny';
    expect(suspects(text)).toBe(true);
    expect(clean(text)).toBe(`a ${redacted} b ${redacted} c ${redacted} d tiny`);
  });
});
