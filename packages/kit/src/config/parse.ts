import { redactText } from '../redact.ts';
import { type ConfigDefinition, listFields } from './definition.ts';
import type { Field } from './field.ts';
import type { Mistake } from './mistake.ts';
import { type DirectoryProbe, probeDirectory } from './probe.ts';
import { suggest } from './suggest.ts';

/** Environment variables as `process.env` gives them. */
export type Environment = Readonly<Record<string, string | undefined>>;

export type ParsedConfig<C> =
  | { readonly ok: true; readonly value: C }
  | { readonly ok: false; readonly mistakes: readonly Mistake[] };

export interface ParseOptions {
  /** Default: the real file system. */
  readonly probe?: DirectoryProbe;
}

/** Longest part of a wrong value that a mistake repeats. */
const shownLength = 60;

/**
 * Reads a service's settings. Reports every mistake at once: what is missing, what is malformed, what does not fit together,
 * and variables with the service's prefix that it does not know. A variable that is set but blank counts as not set, as
 * compose files write it.
 */
export function parseConfig<C>(
  definition: ConfigDefinition<C>,
  env: Environment,
  { probe = probeDirectory }: ParseOptions = {},
): ParsedConfig<C> {
  const mistakes: Mistake[] = [];
  const values: Partial<C> = {};
  for (const { key, variable, field } of listFields(definition)) {
    const text = env[variable]?.trim() ?? '';
    if (text !== '') {
      const reading = field.read(text, { probe });
      if (reading.ok) values[key] = reading.value;
      else mistakes.push({ variable, message: `${reading.problem}${quote(field, text)}` });
    } else if (field.required) {
      mistakes.push({ variable, message: `is required: ${field.accepts}. ${field.doc}` });
    } else {
      values[key] = field.fallback();
    }
  }
  // `as`: without mistakes the loop has assigned every key.
  if (mistakes.length === 0) mistakes.push(...(definition.check?.(values as C) ?? []));
  mistakes.push(...findUnknown(definition, env));
  return mistakes.length === 0 ? { ok: true, value: values as C } : { ok: false, mistakes };
}

/** `; got "…"`: what was written instead, unless it is or contains a secret. */
function quote(field: Field<unknown>, text: string): string {
  if (field.secret) return '';
  const shown = redactText(text);
  return `; got ${JSON.stringify(shown.length > shownLength ? `${shown.slice(0, shownLength)}…` : shown)}`;
}

function findUnknown<C>(definition: ConfigDefinition<C>, env: Environment): Mistake[] {
  const start = `${definition.prefix}_`;
  const known = listFields(definition).map(({ variable }) => variable.slice(start.length));
  const names = Object.keys(env)
    .filter((variable) => variable.startsWith(start) && env[variable] !== undefined)
    .map((variable) => variable.slice(start.length));
  const linked = env[`${start}SERVICE_HOST`] !== undefined;
  return names
    .filter((name) => !known.includes(name) && !(linked && isServiceLink(name)))
    .sort()
    .map((name) => {
      const meant = suggest(name, known);
      const hint = meant === undefined ? '' : `; did you mean ${start}${meant}?`;
      return { variable: start + name, message: `is not a setting${hint}` };
    });
}

/**
 * Kubernetes injects `NAVIGATOR_SERVICE_HOST`, `NAVIGATOR_PORT_18011_TCP` and the like into every pod beside a Service
 * called `navigator`. Nobody wrote them, so they are no mistake.
 */
function isServiceLink(name: string): boolean {
  return /^(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$/.test(name);
}
