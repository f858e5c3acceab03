import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { areaOf, readWorkspaces, resolveArea } from './areas.ts';
import { GLOBAL_RULES, IMPORT_RULES } from './rules.ts';
import { readSyntax } from './syntax.ts';

export interface Violation {
  readonly rule: string;
  readonly why: string;
  readonly file: string;
  readonly line: number;
  /** The import's specifier or the global. */
  readonly what: string;
}

export interface BoundaryReport {
  /** Every module that was read, by its path from the root. */
  readonly modules: readonly string[];
  readonly imports: number;
  readonly violations: readonly Violation[];
}

const SOURCES = '{contracts,packages,services,fleet,cli,console,bench,drills,tools}/**/*.{ts,mts,tsx,js,mjs}';
const isOurs = (file: string) => !/(^|\/)(node_modules|dist|build)\//.test(file);

/** Holds every module below `root` against every rule. An own check, since it reads globals as well as imports, in one pass. */
export function checkBoundaries(root: string): BoundaryReport {
  const workspaces = readWorkspaces(root);
  const modules = globSync(SOURCES, { cwd: root, exclude: ['**/node_modules/**'] })
    .filter(isOurs)
    .sort();
  const violations: Violation[] = [];
  let imports = 0;
  for (const file of modules) {
    const syntax = readSyntax(file, readFileSync(join(root, file), 'utf8'));
    const from = areaOf(file);
    imports += syntax.imports.length;
    for (const { line, text } of syntax.imports) {
      const to = resolveArea(text, file, workspaces);
      const broken = IMPORT_RULES.filter((rule) => rule.forbids(from, to, file));
      for (const { name, why } of broken) violations.push({ rule: name, why, file, line, what: text });
    }
    for (const { line, text } of syntax.globals) {
      const broken = GLOBAL_RULES.filter((rule) => rule.use === text && !rule.allows(from, file));
      for (const { name, why } of broken) violations.push({ rule: name, why, file, line, what: text });
    }
  }
  return { modules, imports, violations };
}

/** One line per violation, which an editor can open. */
export function formatViolation({ rule, why, file, line, what }: Violation): string {
  return `${file}:${line}  ${what}\n    ${rule}: ${why}`;
}
