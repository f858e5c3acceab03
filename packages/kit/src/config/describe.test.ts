import { describe, expect, it } from 'vitest';
import { defineConfig } from './definition.ts';
import { describeConfig, formatConfigTable } from './describe.ts';
import { field } from './fields.ts';
import { listSecrets } from './secrets.ts';

const definition = defineConfig({
  service: 's',
  prefix: 'S',
  fields: {
    password: field.secret({ doc: 'Opens it.', default: 'correct horse' }),
    storeUrl: field.url({ doc: 'Where.', schemes: ['redis'] }),
    mirrors: field.list(field.url({ doc: 'x', schemes: ['redis'] }), { doc: 'Copies.', optional: true }),
    ttlMs: field.durationMs({ doc: 'How long.', default: 90_000 }),
  },
});

describe('describeConfig', () => {
  it('lists every setting as an operator would write it, secrets without their default', () => {
    const rows = describeConfig(definition);
    expect(rows.map(({ variable }) => variable)).toEqual([
      'S_INSTANCE',
      'S_LOG_LEVEL',
      'S_OPERATOR_ADDRESS',
      'S_STOP_TIMEOUT',
      'S_PASSWORD',
      'S_STORE_URL',
      'S_MIRRORS',
      'S_TTL',
    ]);
    expect(rows.at(-1)).toMatchObject({ default: '90s', required: false });
    const table = formatConfigTable(rows);
    expect(table).not.toContain('correct horse');
    expect(table).toMatch(/S_STORE_URL +required +Where\.\n +a URL beginning with redis:/);
    expect(table).toMatch(/S_MIRRORS +optional/);
  });
});

describe('listSecrets', () => {
  it('finds secret fields and the passwords of URLs, in both spellings', () => {
    const common = {
      instance: 's',
      logLevel: 'info',
      operatorAddress: { host: 'h', port: 1 },
      stopTimeoutMs: 1,
      ttlMs: 1,
    } as const;
    const config = {
      ...common,
      password: 'correct horse',
      storeUrl: 'redis://u:p%40ss%2Fword@h',
      mirrors: ['redis://h', 'redis://:battery@h'],
    };
    expect(listSecrets(definition, config)).toEqual([
      'correct horse',
      'p%40ss%2Fword',
      'p@ss/word',
      'battery',
      'battery',
    ]);
  });
});
