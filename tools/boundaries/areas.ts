import { globSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, posix } from 'node:path';

/** Where a file belongs, or what an import leads to. `name` is the package, the service (`plane/service`) or the npm package. */
export interface Area {
  readonly kind: 'contracts' | 'package' | 'service' | 'fleet' | 'cli' | 'console' | 'tooling' | 'node' | 'npm';
  readonly name: string;
}

const SINGLE_FOLDERS = ['contracts', 'fleet', 'cli', 'console'] as const;
const WORKSPACES = '{contracts,fleet,cli,console,packages/*,services/*/*}/package.json';
const BUILTINS = new Set(builtinModules);

/** The area of a file, by its path from the repository's root. */
export function areaOf(file: string): Area {
  const [first = '', second = '', third = ''] = file.split('/');
  // What runs on a developer's machine only, `contracts/scripts` included, is held to no layer.
  if (first === 'contracts' && second === 'scripts') return { kind: 'tooling', name: 'contracts/scripts' };
  const single = SINGLE_FOLDERS.find((folder) => folder === first);
  if (single) return { kind: single, name: single };
  if (first === 'packages') return { kind: 'package', name: second };
  if (first === 'services') return { kind: 'service', name: `${second}/${third}` };
  return { kind: 'tooling', name: first };
}

/** Maps every workspace's package name to its folder, both as written in the repository at `root`. */
export function readWorkspaces(root: string): Map<string, string> {
  const found = globSync(WORKSPACES, { cwd: root }).map((file): [string, string] => {
    const { name }: { name: string } = JSON.parse(readFileSync(join(root, file), 'utf8'));
    return [name, dirname(file)];
  });
  return new Map(found);
}

/** What `specifier`, written in `file`, leads to. By name and path only, so that a ban holds for an import that is broken, too. */
export function resolveArea(specifier: string, file: string, workspaces: ReadonlyMap<string, string>): Area {
  if (specifier.startsWith('.')) return areaOf(posix.join(posix.dirname(file), specifier));
  const bare = specifier.replace(/^node:/, '');
  if (specifier.startsWith('node:') || BUILTINS.has(bare)) return { kind: 'node', name: bare };
  const name = packageOf(specifier);
  const folder = workspaces.get(name);
  return folder === undefined ? { kind: 'npm', name } : areaOf(`${folder}/`);
}

function packageOf(specifier: string): string {
  const [first = '', second = ''] = specifier.split('/');
  return first.startsWith('@') ? `${first}/${second}` : first;
}
