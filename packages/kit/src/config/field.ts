import type { DirectoryProbe } from './probe.ts';

/** What reading one value gives: the value, or what is wrong with the text ("must be …", never the text itself). */
export type Reading<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };

/** What a field may look at besides its text. */
export interface ReadingContext {
  readonly probe: DirectoryProbe;
}

/** One setting, as data. Made by `field.*`; `T` is what the service gets. */
export interface Field<T> {
  /** `durationMs` fields drop the `Ms` of their key from the variable's name. */
  readonly kind: string;
  /** What the text must look like, as the end of "must be …". */
  readonly accepts: string;
  /** One sentence for the operator. */
  readonly doc: string;
  /** Secret values appear in no mistake, table or log line. */
  readonly secret: boolean;
  /** Must be set: it has neither a default nor is it optional. */
  readonly required: boolean;
  /** The default as an operator would write it; absent for required and optional fields. */
  readonly defaultText: string | undefined;
  /** The value when the variable is not set. Only asked if not `required`. */
  fallback(): T;
  read(text: string, context: ReadingContext): Reading<T>;
}

/** What every `field.*` takes. A field with neither `default` nor `optional` is required. */
export interface FieldOptions<T> {
  readonly doc: string;
  readonly default?: T;
  readonly secret?: boolean;
  /** Not set is fine and gives `undefined`. */
  readonly optional?: boolean;
}

/** `T`, or `T | undefined` when the options say `optional: true`. */
export type ValueOf<T, O> = O extends { readonly optional: true } ? T | undefined : T;

export interface FieldShape<T> {
  readonly kind: string;
  readonly accepts: string;
  readonly read: (text: string, context: ReadingContext) => Reading<T>;
  /** A value → the text an operator would write for it. Default `String`. */
  readonly toText?: (value: T) => string;
}

/** Builds a field of a new kind. `read` gets trimmed, non-empty text. */
export function makeField<T, O extends FieldOptions<T>>(shape: FieldShape<T>, options: O): Field<ValueOf<T, O>> {
  const { default: fallback, secret = false, optional = false } = options;
  const field: Field<T | undefined> = {
    kind: shape.kind,
    accepts: shape.accepts,
    doc: options.doc,
    secret,
    required: fallback === undefined && !optional,
    defaultText: fallback === undefined ? undefined : (shape.toText ?? String)(fallback),
    fallback: () => fallback,
    read: shape.read,
  };
  // `as`: `fallback` gives undefined for optional and required fields only, and is not asked for required ones.
  return field as Field<ValueOf<T, O>>;
}

export function accepted<T>(value: T): Reading<T> {
  return { ok: true, value };
}

export function rejected(problem: string): Reading<never> {
  return { ok: false, problem };
}
