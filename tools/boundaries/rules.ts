import type { Area } from './areas.ts';

export interface ImportRule {
  readonly name: string;
  readonly why: string;
  readonly forbids: (from: Area, to: Area, file: string) => boolean;
}

export interface GlobalRule {
  readonly name: string;
  readonly why: string;
  /** What the syntax tree reports: `process.env` or `console`. */
  readonly use: 'process.env' | 'console';
  readonly allows: (from: Area, file: string) => boolean;
}

/** Tests, and the files made for them: conformance suites, testing kits, fixtures. */
export function isTestFile(file: string): boolean {
  return /(\.test\.ts$|(^|[/.-])(conformance|testing|fixtures|test)(\/|[.-])|[.-](conformance|testing)\.ts$)/.test(
    file,
  );
}

const isSame = (from: Area, to: Area) => from.kind === to.kind && from.name === to.name;
const isPackage = (area: Area, ...names: string[]) => area.kind === 'package' && names.includes(area.name);
const isWorkspace = (area: Area) => area.kind !== 'npm' && area.kind !== 'node';

export const IMPORT_RULES: readonly ImportRule[] = [
  {
    name: 'service-to-service',
    why: 'services run in processes of their own and are upgraded one by one: they know each other by contracts only',
    forbids: (from, to) => from.kind === 'service' && to.kind === 'service' && !isSame(from, to),
  },
  {
    name: 'services-by-fleet-only',
    why: 'fleet is the one place that puts services together; a package or client that imports one drags its stores and loops along',
    forbids: (from, to, file) =>
      to.kind === 'service' && ['contracts', 'package', 'cli', 'console'].includes(from.kind) && !isTestFile(file),
  },
  {
    name: 'fleet-by-cli-and-tests-only',
    why: 'a part that imports the whole cannot be run without it, and imports everything twice around',
    forbids: (from, to, file) =>
      to.kind === 'fleet' && !['fleet', 'cli', 'tooling'].includes(from.kind) && !isTestFile(file),
  },
  {
    name: 'contracts-alone',
    why: 'contracts are what everyone shares, other languages included: they depend on the protobuf runtime and nothing else',
    forbids: (from, to, file) =>
      from.kind === 'contracts' &&
      to.kind !== 'contracts' &&
      to.name !== '@bufbuild/protobuf' &&
      !(isTestFile(file) && !isWorkspace(to)),
  },
  {
    name: 'std-alone',
    why: 'std is below everything, so whatever it depended on would be everywhere',
    forbids: (from, to, file) =>
      isPackage(from, 'std') && !isSame(from, to) && to.kind !== 'node' && !(isTestFile(file) && !isWorkspace(to)),
  },
  {
    name: 'kit-below-identity-and-stores',
    why: 'kit gives processes their shape; identity and stores are built on it, so this would be a cycle',
    forbids: (from, to) => isPackage(from, 'kit') && isPackage(to, 'identity', 'stores', 'servers'),
  },
  {
    name: 'console-in-the-browser',
    why: 'the console runs in a browser and speaks the public API: no service, no store, nothing of Node',
    forbids: (from, to, file) =>
      from.kind === 'console' &&
      !isTestFile(file) &&
      (to.kind === 'service' || to.kind === 'fleet' || to.kind === 'node' || isPackage(to, 'stores', 'servers', 'kit')),
  },
  {
    name: 'testkit-in-tests-only',
    why: 'what tests need must not become what production runs',
    forbids: (from, to, file) =>
      isPackage(to, 'testkit') && !isPackage(from, 'testkit') && from.kind !== 'tooling' && !isTestFile(file),
  },
];

const isEntry = (file: string) => /(^|\/)main\.ts$/.test(file);
const isFree = (from: Area, file: string) =>
  ['cli', 'tooling'].includes(from.kind) || isPackage(from, 'kit', 'testkit') || isEntry(file) || isTestFile(file);

export const GLOBAL_RULES: readonly GlobalRule[] = [
  {
    name: 'environment-at-the-rim',
    why: 'config is declared, parsed and reported in one place; a variable read elsewhere is documented and checked nowhere',
    use: 'process.env',
    allows: isFree,
  },
  {
    name: 'console-at-the-rim',
    why: 'services log through their logger, which has levels, fields and redaction; stdout belongs to it',
    use: 'console',
    allows: isFree,
  },
];
