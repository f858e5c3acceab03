import { describe, expect, it } from 'vitest';
import { type Ordered, startOrder } from './order.ts';

function service(name: string, ...dependsOn: string[]): Ordered {
  return { name, dependsOn };
}

function names(definitions: readonly Ordered[]): string[] {
  return startOrder(definitions).map((definition) => definition.name);
}

describe('startOrder', () => {
  it('keeps the given order where nothing depends on anything', () => {
    expect(names([service('b'), service('a'), service('c')])).toEqual(['b', 'a', 'c']);
  });

  it('puts dependencies first', () => {
    expect(names([service('c', 'b'), service('b', 'a'), service('a')])).toEqual(['a', 'b', 'c']);
  });

  it('starts a shared dependency once', () => {
    expect(
      names([service('left', 'root'), service('right', 'root'), service('root'), service('top', 'left', 'right')]),
    ).toEqual(['root', 'left', 'right', 'top']);
  });

  it('is empty for an empty fleet', () => {
    expect(names([])).toEqual([]);
  });

  it('spells out a cycle, without the services that only lead to it', () => {
    expect(() => names([service('x', 'a'), service('a', 'b'), service('b', 'c'), service('c', 'a')])).toThrow(
      'services depend on each other in a circle: a → b → c → a',
    );
  });

  it('names a service that depends on itself', () => {
    expect(() => names([service('a', 'a')])).toThrow('a → a');
  });

  it('names a dependency that is missing, and who wants it', () => {
    expect(() => names([service('a', 'ghost')])).toThrow('a depends on ghost, which is not part of the fleet');
  });

  it('refuses the same name twice', () => {
    expect(() => names([service('a'), service('a')])).toThrow('a is in the fleet twice');
  });
});
