import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest';
import type { HostPort } from './address.ts';
import { type CommonConfig, type ConfigDefinition, type ConfigValue, defineConfig, toVariable } from './definition.ts';
import { field } from './fields.ts';
import { formatMistakes } from './mistake.ts';
import { parseConfig } from './parse.ts';

const definition = defineConfig({
  service: 'navigator',
  prefix: 'NAVIGATOR',
  fields: {
    databaseUrl: field.url({ doc: 'Where records are kept.', schemes: ['postgres', 'postgresql'] }),
    apiToken: field.secret({ doc: 'Opens the DNS provider.', optional: true }),
    grpcAddress: field.hostPort({ doc: 'Where to listen.', default: { host: '127.0.0.1', port: 18_011 } }),
    leafTtlMs: field.durationMs({ doc: 'Life of a leaf.', default: 259_200_000, min: 60_000 }),
    workers: field.int({ doc: 'At once.', default: 4, min: 1, max: 64 }),
    provider: field.enum(['builtin', 'powerdns'], { doc: 'Who answers DNS.', default: 'builtin' }),
    zones: field.list(field.string({ doc: 'A zone.', pattern: /[a-z.]+/ }), {
      doc: 'Zones.',
      default: ['example.test'],
    }),
  },
});

const database = { NAVIGATOR_DATABASE_URL: 'postgres://db/frameworks' };

function mistakesOf<C>(some: ConfigDefinition<C>, env: Record<string, string>): Record<string, string> {
  const parsed = parseConfig(some, env);
  return parsed.ok ? {} : Object.fromEntries(parsed.mistakes.map(({ variable, message }) => [variable, message]));
}

describe('parseConfig', () => {
  it('fills in defaults, typed', () => {
    const parsed = parseConfig(definition, { ...database, PATH: '/bin', OTHER_SERVICE: 'x' });
    expect(parsed).toEqual({
      ok: true,
      value: {
        instance: 'navigator',
        logLevel: 'info',
        operatorAddress: { host: '127.0.0.1', port: 0 },
        stopTimeoutMs: 10_000,
        databaseUrl: 'postgres://db/frameworks',
        apiToken: undefined,
        grpcAddress: { host: '127.0.0.1', port: 18_011 },
        leafTtlMs: 259_200_000,
        workers: 4,
        provider: 'builtin',
        zones: ['example.test'],
      },
    });
    if (!parsed.ok) return;
    expectTypeOf(parsed.value.apiToken).toEqualTypeOf<string | undefined>();
    expectTypeOf(parsed.value.databaseUrl).toEqualTypeOf<string>();
    expectTypeOf(parsed.value.provider).toEqualTypeOf<'builtin' | 'powerdns'>();
    expectTypeOf(parsed.value.grpcAddress).toEqualTypeOf<HostPort>();
    expectTypeOf(parsed.value.zones).toEqualTypeOf<readonly string[]>();
    expectTypeOf<ConfigValue<typeof definition>>().toEqualTypeOf(parsed.value);
    expectTypeOf(parsed.value).toExtend<CommonConfig>();
    expectTypeOf(parsed.value.stopTimeoutMs).toEqualTypeOf<number>();
  });

  it('reads what is set, blanks around it ignored', () => {
    const env = {
      ...database,
      NAVIGATOR_LEAF_TTL: ' 72m ',
      NAVIGATOR_GRPC_ADDRESS: '[::1]:5',
      NAVIGATOR_ZONES: 'a.test, b.test',
      NAVIGATOR_API_TOKEN: '',
      NAVIGATOR_PROVIDER: 'powerdns',
    };
    const parsed = parseConfig(definition, env);
    expect(parsed).toMatchObject({
      ok: true,
      value: {
        leafTtlMs: 4_320_000,
        grpcAddress: { host: '::1', port: 5 },
        zones: ['a.test', 'b.test'],
        provider: 'powerdns',
      },
    });
  });

  it('reports every mistake at once', () => {
    const env = {
      NAVIGATOR_DATABASE_URL: 'mysql://root:hunter2@db/x',
      NAVIGATOR_WORKERS: '65',
      NAVIGATOR_LEAF_TTL: '1s',
      NAVIGATOR_PROVIDER: 'bind',
      NAVIGATOR_GRPC_ADDRESS: 'localhost',
      NAVIGATOR_ZONES: 'a.test,B',
      NAVIGATOR_WORKRES: '2',
      NAVIGATOR_COLOUR: 'red',
    };
    expect(mistakesOf(definition, env)).toEqual({
      NAVIGATOR_DATABASE_URL:
        'must be a URL beginning with postgres: or postgresql:; got "mysql://root:[redacted]@db/x"',
      NAVIGATOR_WORKERS: 'must be a whole number, from 1 to 64; got "65"',
      NAVIGATOR_LEAF_TTL:
        'must be a duration such as 500ms, 10s, 5m, 72h, 30d, or plain milliseconds, at least 1m; got "1s"',
      NAVIGATOR_PROVIDER: 'must be one of builtin, powerdns; got "bind"',
      NAVIGATOR_GRPC_ADDRESS: 'must be host:port, IPv6 in brackets; got "localhost"',
      NAVIGATOR_ZONES: 'must be a comma-separated list, each text matching [a-z.]+; item 2 is not; got "a.test,B"',
      NAVIGATOR_WORKRES: 'is not a setting; did you mean NAVIGATOR_WORKERS?',
      NAVIGATOR_COLOUR: 'is not a setting',
    });
  });

  it('says what a missing value is for', () => {
    expect(mistakesOf(definition, { NAVIGATOR_DATABASE_URL: ' ' })).toEqual({
      NAVIGATOR_DATABASE_URL: 'is required: a URL beginning with postgres: or postgresql:. Where records are kept.',
    });
  });

  it('is not troubled by what Kubernetes injects, but by what looks like it elsewhere', () => {
    const links = {
      NAVIGATOR_PORT: 'tcp://10.0.0.1:18011',
      NAVIGATOR_PORT_18011_TCP_ADDR: '10.0.0.1',
      NAVIGATOR_SERVICE_PORT: '1',
    };
    expect(mistakesOf(definition, { ...database, ...links, NAVIGATOR_SERVICE_HOST: '10.0.0.1' })).toEqual({});
    expect(Object.keys(mistakesOf(definition, { ...database, ...links }))).toEqual(Object.keys(links).sort());
  });

  it('repeats no secret and no long value', () => {
    const some = defineConfig({
      service: 's',
      prefix: 'S',
      fields: {
        key: field.secret({ doc: 'A key.', pattern: /[0-9]+/ }),
        name: field.slug({ doc: 'A name.' }),
      },
    });
    const message = formatMistakes(
      's',
      Object.entries(mistakesOf(some, { S_KEY: 'swordfish', S_NAME: 'X'.repeat(500) })).map(([variable, text]) => ({
        variable,
        message: text,
      })),
    );
    expect(message).not.toContain('swordfish');
    expect(message).toContain(`${'X'.repeat(60)}…`);
    expect(message.startsWith('s: 2 mistakes in the configuration\n')).toBe(true);
  });
});

describe('what no field can say alone', () => {
  const ranged = defineConfig({
    service: 's',
    prefix: 'S',
    fields: {
      least: field.int({ doc: 'Least.', default: 1 }),
      most: field.int({ doc: 'Most.', default: 9 }),
      token: field.secret({ doc: 'A secret.', optional: true }),
    },
    check: (value) => {
      expectTypeOf(value.least).toEqualTypeOf<number>();
      expectTypeOf(value.token).toEqualTypeOf<string | undefined>();
      return value.least <= value.most ? [] : [{ variable: 'S_MOST', message: `must be at least ${value.least}` }];
    },
  });

  it('is checked with defaults filled in', () => {
    expect(parseConfig(ranged, { S_LEAST: '9' })).toMatchObject({ ok: true, value: { least: 9, most: 9 } });
    expect(mistakesOf(ranged, { S_LEAST: '10' })).toEqual({ S_MOST: 'must be at least 10' });
  });

  it('is reported together with unknown variables, but only once every field is good', () => {
    expect(Object.keys(mistakesOf(ranged, { S_LEAST: '10', S_MOSTT: '11' }))).toEqual(['S_MOST', 'S_MOSTT']);
    expect(Object.keys(mistakesOf(ranged, { S_LEAST: '10', S_LOG_LEVEL: 'loud' }))).toEqual(['S_LOG_LEVEL']);
  });

  it('fits into a list of definitions', () => {
    const all: ConfigDefinition<CommonConfig>[] = [ranged];
    expect(all.flatMap((one) => Object.keys(mistakesOf(one, { S_MOST: '0' })))).toEqual(['S_MOST']);
  });
});

describe('directories', () => {
  let root = '';
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'config-'));
    writeFileSync(join(root, 'file'), '');
  });
  afterAll(() => rmSync(root, { recursive: true }));

  const reading = defineConfig({ service: 's', prefix: 'S', fields: { dir: field.directory({ doc: 'A place.' }) } });
  const making = defineConfig({
    service: 's',
    prefix: 'S',
    fields: { dir: field.directory({ doc: 'A place.', write: true, create: true }) },
  });

  it('must exist and be directories', () => {
    expect(mistakesOf(reading, { S_DIR: root })).toEqual({});
    expect(mistakesOf(reading, { S_DIR: join(root, 'none') }).S_DIR).toMatch(
      /must be a readable directory; it does not exist/,
    );
    expect(mistakesOf(reading, { S_DIR: join(root, 'file') }).S_DIR).toMatch(/it is not a directory/);
    expect(mistakesOf(reading, { S_DIR: join(root, 'file', 'x') }).S_DIR).toMatch(/it is not a directory/);
  });

  it('may be missing if the service makes them and can', () => {
    expect(mistakesOf(making, { S_DIR: join(root, 'a', 'b') })).toEqual({});
    expect(mistakesOf(making, { S_DIR: join(root, 'file', 'x') }).S_DIR).toMatch(/is not a directory/);
  });

  it('must be readable by those whom permissions bind', () => {
    const closed = mkdtempSync(join(root, 'closed-'));
    chmodSync(closed, 0);
    // Root reads and writes everything, whatever the mode says, and so may a service that runs as root.
    const expected = process.getuid?.() === 0 ? undefined : expect.stringMatching(/permission denied/);
    expect(mistakesOf(reading, { S_DIR: closed }).S_DIR).toEqual(expected);
    expect(mistakesOf(making, { S_DIR: join(closed, 'x') }).S_DIR).toEqual(expected);
    chmodSync(closed, 0o700);
  });

  it('are asked for through the probe', () => {
    const asked: unknown[] = [];
    const probe = (path: string, need: unknown) => {
      asked.push([path, need]);
      return 'cannot be read: permission denied';
    };
    const parsed = parseConfig(making, { S_DIR: '/srv' }, { probe });
    expect(parsed).toMatchObject({ ok: false });
    expect(asked).toEqual([['/srv', { write: true, create: true }]]);
  });
});

describe('field kinds', () => {
  const kinds = defineConfig({
    service: 's',
    prefix: 'S',
    fields: {
      flag: field.bool({ doc: 'x', optional: true }),
      port: field.port({ doc: 'x', optional: true }),
      share: field.number({ doc: 'x', optional: true, max: 1 }),
      cluster: field.slug({ doc: 'x', optional: true }),
      store: field.url({ doc: 'x', optional: true, schemes: ['memory', 'file'] }),
    },
  });

  it.each([
    ['S_FLAG', 'yes', true],
    ['S_FLAG', '0', false],
    ['S_PORT', '65535', 65_535],
    ['S_SHARE', '-0.25', -0.25],
    ['S_CLUSTER', 'eu-1', 'eu-1'],
    ['S_STORE', 'memory:', 'memory:'],
    ['S_STORE', 'file:///var/lib', 'file:///var/lib'],
  ])('%s=%s', (variable, text, value) => {
    const parsed = parseConfig(kinds, { [variable]: text });
    expect(parsed.ok && Object.values(parsed.value).includes(value)).toBe(true);
  });

  it.each([
    ['S_FLAG', 'maybe'],
    ['S_PORT', '65536'],
    ['S_PORT', '8e3'],
    ['S_SHARE', '1.01'],
    ['S_SHARE', 'NaN'],
    ['S_CLUSTER', 'EU'],
    ['S_CLUSTER', '-eu'],
    ['S_STORE', 'memory'],
    ['S_STORE', 'redis://h'],
  ])('%s=%s is a mistake', (variable, text) => {
    expect(Object.keys(mistakesOf(kinds, { [variable]: text }))).toEqual([variable]);
  });
});

describe('defineConfig', () => {
  it('names variables', () => {
    expect(toVariable('P', 'leaseTtlMs', 'durationMs')).toBe('P_LEASE_TTL');
    expect(toVariable('P', 's3BucketName', 'string')).toBe('P_S3_BUCKET_NAME');
    expect(toVariable('P', 'publicHTTPAddress', 'hostPort')).toBe('P_PUBLIC_HTTP_ADDRESS');
  });

  it('lets a service replace a common setting', () => {
    const some = defineConfig({
      service: 's',
      prefix: 'S',
      fields: { operatorAddress: field.hostPort({ doc: 'Mine.', default: { host: '127.0.0.1', port: 9 } }) },
    });
    expect(parseConfig(some, {})).toMatchObject({ ok: true, value: { operatorAddress: { port: 9 } } });
  });

  it('refuses what could not work', () => {
    const text = field.string({ doc: 'x' });
    expect(() => defineConfig({ service: 's', prefix: 'bad-prefix', fields: {} })).toThrow('UPPER_SNAKE_CASE');
    expect(() => defineConfig({ service: 's', prefix: 'S', fields: { aB: text, a_b: text } })).toThrow('two fields');
    expect(() => defineConfig({ service: 's', prefix: 'S', fields: { ttl: field.durationMs({ doc: 'x' }) } })).toThrow(
      'end in Ms',
    );
  });
});
