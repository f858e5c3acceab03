import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isAbsent } from '../errors.ts';
import type { ObjectInfo, ObjectPage } from '../objects.ts';
import type { ListRequest } from '../requests.ts';
import { compareEntries, type Entry, extend, kinds, parseEntry } from './path.ts';
import { readInfo } from './read.ts';

interface Place {
  path: string;
  /** What all keys below begin with. */
  base: Buffer;
}

interface Bounds {
  prefix: Buffer;
  after: Buffer;
}

/** One page. Reads only the directories that can hold a key of it. */
export async function listObjects(root: string, { prefix, after, limit }: ListRequest): Promise<ObjectPage> {
  const bounds = { prefix: Buffer.from(prefix), after: Buffer.from(after) };
  const objects: ObjectInfo[] = [];
  for await (const { path, base } of walk({ path: root, base: Buffer.alloc(0) }, bounds)) {
    const info = await readInfo(path, base.toString());
    // Deleted since its directory was read.
    if (info === undefined) continue;
    // The one more shows that there is a next page.
    if (objects.length === limit) return { objects, next: objects.at(-1)?.key };
    objects.push(info);
  }
  return { objects, next: undefined };
}

/** The objects within the bounds, in the byte order of their keys. */
async function* walk(place: Place, bounds: Bounds): AsyncGenerator<Place, void> {
  for (const entry of await readEntries(place.path)) {
    const below = { path: join(place.path, entry.name), base: extend(place.base, entry) };
    if (entry.kind === kinds.object) {
      if (startsWith(below.base, bounds.prefix) && Buffer.compare(below.base, bounds.after) > 0) yield below;
    } else if (mayHold(below.base, bounds)) {
      yield* walk(below, bounds);
    }
  }
}

async function readEntries(path: string): Promise<Entry[]> {
  try {
    const names = await readdir(path);
    return names
      .map(parseEntry)
      .filter((entry) => entry !== undefined)
      .sort(compareEntries);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

/** Can a key that begins with `base` have the prefix and come after `after`? */
function mayHold(base: Buffer, { prefix, after }: Bounds): boolean {
  if (!startsWith(base, prefix) && !startsWith(prefix, base)) return false;
  return Buffer.compare(base, after) >= 0 || startsWith(after, base);
}

function startsWith(text: Buffer, beginning: Buffer): boolean {
  return text.subarray(0, beginning.length).equals(beginning);
}
