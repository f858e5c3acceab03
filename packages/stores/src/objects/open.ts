import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { invalid } from './errors.ts';
import { openFileObjects } from './file/file.ts';
import type { Objects, ObjectsOptions } from './objects.ts';

/**
 * Opens an object store.
 *
 * @param url `file:<directory>` (made if missing, mode 0700), absolute or relative to the working directory; `file:///…` too.
 * @throws INVALID_ARGUMENT `OBJECTS_INVALID_URL`, PERMISSION_DENIED `OBJECTS_PERMISSION`, and what `objects.ts` lists.
 */
export async function openObjects(url: string, options: ObjectsOptions = {}): Promise<Objects> {
  return await openFileObjects(directoryOf(url), options);
}

function directoryOf(url: string): string {
  if (!url.startsWith('file:') || url.length === 'file:'.length) throw invalidUrl();
  if (!url.startsWith('file://')) return resolve(url.slice('file:'.length));
  try {
    return fileURLToPath(url);
  } catch {
    throw invalidUrl();
  }
}

function invalidUrl(): Error {
  return invalid('OBJECTS_INVALID_URL', 'an object store URL is file:<directory>');
}
