import { assert } from '@frameworks/std';
import type { HostPort } from './address.ts';
import type { Field } from './field.ts';
import { field } from './fields.ts';
import type { Mistake } from './mistake.ts';

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

export type LogLevel = (typeof logLevels)[number];

/** What every service can be told, through its own prefix. */
export interface CommonConfig {
  /** Names this instance in logs and metrics. */
  readonly instance: string;
  readonly logLevel: LogLevel;
  /** Where `/healthz`, `/readyz` and `/metrics` are served. */
  readonly operatorAddress: HostPort;
  /** Longest graceful stop, milliseconds. */
  readonly stopTimeoutMs: number;
}

/** A map from keys to fields. */
export type Fields<C> = { readonly [K in keyof C]: Field<C[K]> };

/** The settings of a service, as data. `C` is what `parseConfig` gives. */
export interface ConfigDefinition<C> {
  readonly service: string;
  /** Upper case, without the trailing underscore: `NAVIGATOR`. */
  readonly prefix: string;
  readonly fields: Fields<C>;
  /** What no field can say alone. A method, so that definitions of different `C` fit into one list. */
  check?(value: C): readonly Mistake[];
}

/** What `parseConfig` gives for a definition: `ConfigValue<typeof config>`. */
export type ConfigValue<D> = D extends ConfigDefinition<infer C> ? C : never;

interface ConfigDeclaration<F> {
  readonly service: string;
  readonly prefix: string;
  readonly fields: F;
  /**
   * Says which settings do not fit together, by variable (`toVariable`). Pure, and asked only when every field by itself is
   * good. Its mistakes are reported like any other: by `--check-config`, at the start, by the fleet.
   */
  check?(value: ConfigOf<F>): readonly Mistake[];
}

type ValuesOf<F> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

/** The values of a definition: the common ones and its own, its own first when both declare a key. */
export type ConfigOf<F> = Omit<CommonConfig, keyof F> & ValuesOf<F>;

/**
 * Declares a service's settings. The common ones are added; declaring one of them again replaces it (another default).
 * Throws on a declaration that could not work: it is a bug, found by the first test that loads the file.
 */
export function defineConfig<const F extends Record<string, Field<unknown>>>(
  declaration: ConfigDeclaration<F>,
): ConfigDefinition<ConfigOf<F>> {
  const { service, prefix } = declaration;
  assert(/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/.test(prefix), `${service}: prefix ${prefix} is not UPPER_SNAKE_CASE`);
  const fields = { ...commonFields(service), ...declaration.fields };
  const variables = new Set<string>();
  for (const [key, { kind }] of Object.entries(fields)) {
    const variable = toVariable(prefix, key, kind);
    assert(!variables.has(variable), `${service}: two fields are called ${variable}`);
    assert(kind !== 'durationMs' || key.endsWith('Ms'), `${service}: duration ${key} must end in Ms`);
    variables.add(variable);
  }
  // `as`: the spread has exactly the keys and fields that ConfigOf computes.
  const whole = { service, prefix, fields: fields as unknown as Fields<ConfigOf<F>> };
  return declaration.check === undefined ? whole : { ...whole, check: declaration.check };
}

/** `leaseTtlMs` of kind `durationMs` → `FOGHORN_LEASE_TTL`; `s3BucketName` → `FOGHORN_S3_BUCKET_NAME`. */
export function toVariable(prefix: string, key: string, kind: string): string {
  const name = kind === 'durationMs' ? key.replace(/Ms$/, '') : key;
  const words = name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').replace(/([A-Z])([A-Z][a-z])/g, '$1_$2');
  return `${prefix}_${words.toUpperCase()}`;
}

/** The definition's fields with their variables, in order of declaration. */
export function listFields<C>(
  definition: ConfigDefinition<C>,
): { key: keyof C & string; variable: string; field: Field<C[keyof C & string]> }[] {
  // `as`: Object.entries forgets the key type of a mapped type.
  const entries = Object.entries(definition.fields) as [keyof C & string, Field<C[keyof C & string]>][];
  return entries.map(([key, declared]) => ({
    key,
    variable: toVariable(definition.prefix, key, declared.kind),
    field: declared,
  }));
}

function commonFields(service: string): Fields<CommonConfig> {
  return {
    instance: field.string({
      doc: 'Name of this instance in logs and metrics.',
      default: service,
      pattern: /[A-Za-z0-9][A-Za-z0-9._-]{0,62}/,
      accepts: 'letters, digits, dots, underscores and hyphens, at most 63',
    }),
    logLevel: field.enum(logLevels, { doc: 'Least severity that is logged.', default: 'info' }),
    operatorAddress: field.hostPort({
      doc: 'Where /healthz, /readyz and /metrics are served. Port 0: any free one, named in the ready line.',
      default: { host: '127.0.0.1', port: 0 },
    }),
    stopTimeoutMs: field.durationMs({
      doc: 'Longest graceful stop before what is left is cut off.',
      default: 10_000,
      min: 100,
      max: 600_000,
    }),
  };
}
