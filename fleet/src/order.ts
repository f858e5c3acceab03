/** The part of a service definition that decides when it starts. */
export interface Ordered {
  readonly name: string;
  /** Services that must be ready before this one starts. */
  readonly dependsOn: readonly string[];
}

/**
 * Dependencies first, otherwise as given: the order is the same on every machine and every start. Stopping is the reverse.
 * Throws on a name given twice, on a dependency that is not in the list, and on a cycle, which it spells out.
 */
export function startOrder<T extends Ordered>(definitions: readonly T[]): T[] {
  const byName = indexByName(definitions);
  const ordered = new Set<T>();
  const visit = (definition: T, path: readonly string[]): void => {
    if (ordered.has(definition)) return;
    const seenAt = path.indexOf(definition.name);
    if (seenAt >= 0) {
      throw new Error(
        `services depend on each other in a circle: ${[...path.slice(seenAt), definition.name].join(' → ')}`,
      );
    }
    for (const name of definition.dependsOn) {
      const dependency = byName.get(name);
      if (!dependency) throw new Error(`${definition.name} depends on ${name}, which is not part of the fleet`);
      visit(dependency, [...path, definition.name]);
    }
    ordered.add(definition);
  };
  for (const definition of definitions) visit(definition, []);
  return [...ordered];
}

function indexByName<T extends Ordered>(definitions: readonly T[]): Map<string, T> {
  const byName = new Map<string, T>();
  for (const definition of definitions) {
    if (byName.has(definition.name)) throw new Error(`${definition.name} is in the fleet twice`);
    byName.set(definition.name, definition);
  }
  return byName;
}
