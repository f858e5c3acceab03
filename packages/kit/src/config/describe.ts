import { type ConfigDefinition, listFields } from './definition.ts';

/** One setting for the operator's documentation. */
export interface ConfigRow {
  readonly variable: string;
  readonly accepts: string;
  /** As an operator would write it; `undefined`: none. */
  readonly default: string | undefined;
  readonly required: boolean;
  readonly secret: boolean;
  readonly doc: string;
}

/** Every setting of a service, in order of declaration. A secret's default is not shown. */
export function describeConfig<C>(definition: ConfigDefinition<C>): ConfigRow[] {
  return listFields(definition).map(({ variable, field }) => ({
    variable,
    accepts: field.accepts,
    default: field.secret ? undefined : field.defaultText,
    required: field.required,
    secret: field.secret,
    doc: field.doc,
  }));
}

/** The rows as a plain-text table for `--help`. */
export function formatConfigTable(rows: readonly ConfigRow[]): string {
  const cells = rows.map((row) => [row.variable, need(row), row.doc, row.accepts] as const);
  const widths = [0, 1].map((column) => Math.max(0, ...cells.map((cell) => (cell[column] ?? '').length)));
  const indent = ' '.repeat((widths[0] ?? 0) + (widths[1] ?? 0) + 6);
  return cells
    .map(([variable, state, doc, accepts]) => {
      const head = `  ${variable.padEnd(widths[0] ?? 0)}  ${state.padEnd(widths[1] ?? 0)}`;
      return `${head}  ${doc}\n${indent}${accepts}`;
    })
    .join('\n');
}

function need(row: ConfigRow): string {
  if (row.required) return 'required';
  return row.default === undefined ? 'optional' : `[${row.default}]`;
}
