import { formatHostPort, type HostPort, parseHostPort } from './address.ts';
import { durationForms, formatDuration, parseDuration } from './duration.ts';
import { accepted, type Field, type FieldOptions, makeField, rejected, type ValueOf } from './field.ts';

interface Range {
  /** Inclusive bounds. */
  readonly min?: number;
  readonly max?: number;
}

interface TextRules {
  /** The whole text must match. */
  readonly pattern?: RegExp;
  /** What the pattern asks for, as the end of "must be …". */
  readonly accepts?: string;
}

interface UrlRules {
  /** Without the colon: `['postgres', 'postgresql']`. */
  readonly schemes: readonly string[];
}

interface DirectoryRules {
  readonly write?: boolean;
  /** May be missing; the service makes it when it starts. */
  readonly create?: boolean;
}

/** `cluster_id`, node ids and other names an operator chooses: a DNS label in lower case. */
const slugPattern = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

function string<const O extends FieldOptions<string> & TextRules>(options: O): Field<ValueOf<string, O>> {
  const { pattern, accepts = pattern === undefined ? 'text' : `text matching ${pattern.source}` } = options;
  const matches = (text: string): boolean =>
    pattern === undefined || new RegExp(`^(?:${pattern.source})$`, pattern.flags).test(text);
  const read = (text: string) => (matches(text) ? accepted(text) : rejected(`must be ${accepts}`));
  return makeField({ kind: 'string', accepts, read }, options);
}

/** A string that appears nowhere: not in mistakes, not in tables, and the logger removes its value wherever it turns up. */
function secret<const O extends FieldOptions<string> & TextRules>(options: O): Field<ValueOf<string, O>> {
  return string<O>({ ...options, secret: true });
}

function slug<const O extends FieldOptions<string>>(options: O): Field<ValueOf<string, O>> {
  return string<O>({
    ...options,
    pattern: slugPattern,
    accepts: 'lower-case letters, digits and inner hyphens, at most 63',
  });
}

function int<const O extends FieldOptions<number> & Range>(options: O): Field<ValueOf<number, O>> {
  const accepts = `a whole number${rangeText(options, String)}`;
  return makeField({ kind: 'int', accepts, read: (text) => inRange(parseWhole(text), options, accepts) }, options);
}

function number<const O extends FieldOptions<number> & Range>(options: O): Field<ValueOf<number, O>> {
  const accepts = `a decimal number${rangeText(options, String)}`;
  const parse = (text: string) => (/^-?\d{1,15}(\.\d{1,15})?$/.test(text) ? Number(text) : undefined);
  return makeField({ kind: 'number', accepts, read: (text) => inRange(parse(text), options, accepts) }, options);
}

/** Milliseconds. The key ends in `Ms`, the variable does not: `leaseTtlMs` is `FOGHORN_LEASE_TTL=10s`. */
function durationMs<const O extends FieldOptions<number> & Range>(options: O): Field<ValueOf<number, O>> {
  const accepts = `${durationForms}${rangeText(options, formatDuration)}`;
  const read = (text: string) => inRange(parseDuration(text), options, accepts);
  return makeField({ kind: 'durationMs', accepts, read, toText: formatDuration }, options);
}

/** 0…65535; 0 lets the system choose. */
function port<const O extends FieldOptions<number>>(options: O): Field<ValueOf<number, O>> {
  const accepts = 'a port from 0 to 65535 (0: any free one)';
  const read = (text: string) => inRange(parseWhole(text), { min: 0, max: 65_535 }, accepts);
  return makeField({ kind: 'port', accepts, read }, options);
}

function bool<const O extends FieldOptions<boolean>>(options: O): Field<ValueOf<boolean, O>> {
  const accepts = 'true or false';
  const read = (text: string) => {
    if (/^(true|1|yes|on)$/i.test(text)) return accepted(true);
    return /^(false|0|no|off)$/i.test(text) ? accepted(false) : rejected(`must be ${accepts}`);
  };
  return makeField({ kind: 'bool', accepts, read }, options);
}

/** One of a fixed set of words, typed as their union. Named with an underscore because `enum` is reserved. */
function enum_<const V extends string, const O extends FieldOptions<V>>(
  values: readonly V[],
  options: O,
): Field<ValueOf<V, O>> {
  const accepts = `one of ${values.join(', ')}`;
  const read = (text: string) => {
    const value = values.find((candidate) => candidate === text);
    return value === undefined ? rejected(`must be ${accepts}`) : accepted(value);
  };
  return makeField({ kind: 'enum', accepts, read }, options);
}

/** The text of a URL with one of the given schemes, unchanged. Its password counts as secret even if the field does not. */
function url<const O extends FieldOptions<string> & UrlRules>(options: O): Field<ValueOf<string, O>> {
  const accepts = `a URL beginning with ${options.schemes.map((scheme) => `${scheme}:`).join(' or ')}`;
  const read = (text: string) => {
    const parsed = URL.parse(text);
    return parsed !== null && options.schemes.includes(parsed.protocol.slice(0, -1))
      ? accepted(text)
      : rejected(`must be ${accepts}`);
  };
  return makeField({ kind: 'url', accepts, read }, options);
}

/** `host:port`, `[::1]:port`. */
function hostPort<const O extends FieldOptions<HostPort>>(options: O): Field<ValueOf<HostPort, O>> {
  const accepts = 'host:port, IPv6 in brackets';
  const read = (text: string) => {
    const address = parseHostPort(text);
    return address === undefined ? rejected(`must be ${accepts}`) : accepted(address);
  };
  return makeField({ kind: 'hostPort', accepts, read, toText: formatHostPort }, options);
}

/** A directory that is there and readable (writable, if asked) at the moment of parsing. */
function directory<const O extends FieldOptions<string> & DirectoryRules>(options: O): Field<ValueOf<string, O>> {
  const { write = false, create = false } = options;
  const accepts = `a ${write ? 'writable' : 'readable'} directory${create ? ' (made if missing)' : ''}`;
  return makeField(
    {
      kind: 'directory',
      accepts,
      read: (text, { probe }) => {
        const problem = probe(text, { write, create });
        return problem === undefined ? accepted(text) : rejected(`must be ${accepts}; it ${problem}`);
      },
    },
    options,
  );
}

/** Values separated by commas; blanks around them do not count. The items' own default and doc are not used. */
function list<T, const O extends FieldOptions<readonly T[]>>(
  item: Field<T>,
  options: O,
): Field<ValueOf<readonly T[], O>> {
  const accepts = `a comma-separated list, each ${item.accepts}`;
  return makeField<readonly T[], O>(
    {
      kind: 'list',
      accepts,
      read: (text, context) => {
        const readings = text.split(',').map((part) => item.read(part.trim(), context));
        const wrong = readings.findIndex((reading) => !reading.ok);
        if (wrong !== -1) return rejected(`must be ${accepts}; item ${wrong + 1} is not`);
        return accepted(readings.flatMap((reading) => (reading.ok ? [reading.value] : [])));
      },
      toText: (values) => values.map(String).join(','),
    },
    options,
  );
}

function parseWhole(text: string): number | undefined {
  if (!/^-?\d{1,16}$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

function inRange(value: number | undefined, { min, max }: Range, accepts: string) {
  const inside = value !== undefined && value >= (min ?? value) && value <= (max ?? value);
  return inside ? accepted(value) : rejected(`must be ${accepts}`);
}

function rangeText({ min, max }: Range, show: (bound: number) => string): string {
  if (min !== undefined && max !== undefined) return `, from ${show(min)} to ${show(max)}`;
  if (min !== undefined) return `, at least ${show(min)}`;
  return max === undefined ? '' : `, at most ${show(max)}`;
}

/** The kinds of settings. Each takes `{doc, default?, optional?, secret?}` and its own rules. */
export const field = {
  string,
  secret,
  slug,
  int,
  number,
  durationMs,
  port,
  bool,
  enum: enum_,
  url,
  hostPort,
  directory,
  list,
};
