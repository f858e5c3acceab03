import { constants } from 'node:fs';
import { access, mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, conditionFailed, fromFileSystem, notFound, objectsClosed } from '../errors.ts';
import type { ObjectInfo, Objects, ObjectsOptions, PutOptions } from '../objects.ts';
import * as check from '../requests.ts';
import { commitFile, deleteFile } from './commit.ts';
import { listObjects } from './list.ts';
import { withPath } from './locks.ts';
import { pathOf } from './path.ts';
import { contentOf, openObject, readInfo } from './read.ts';
import { makeDurableDir, syncDir } from './sync.ts';
import { createTemp, removeTemp, sweepTemp } from './temp.ts';
import { writeObject } from './write.ts';

/**
 * Objects in a directory of one machine: `objects/` holds them (see `path.ts`), `tmp/` what is being written. Processes of
 * that machine may share it. Conditions: `ifNoneMatch` holds between all of them, `ifMatch` between writers of one process.
 */
export async function openFileObjects(dir: string, options: ObjectsOptions = {}): Promise<Objects> {
  try {
    await makeDurableDir(dir);
    const base = await realpath(dir);
    const [root, temp] = [join(base, 'objects'), join(base, 'tmp')];
    await mkdir(root, { recursive: true, mode: 0o700 });
    await sweepTemp(temp);
    await access(root, constants.R_OK | constants.W_OK | constants.X_OK);
    await syncDir(base);
    return new FileObjects(root, temp, options.maxObjectBytes ?? check.defaultMaxObjectBytes);
  } catch (error) {
    throw fromFileSystem(error);
  }
}

class FileObjects implements Objects {
  readonly #root: string;
  readonly #temp: string;
  readonly #maxBytes: number;
  #closed = false;

  constructor(root: string, temp: string, maxBytes: number) {
    this.#root = root;
    this.#temp = temp;
    this.#maxBytes = maxBytes;
  }

  put: Objects['put'] = (key, body, options = {}) =>
    this.#run(async () => {
      check.assertObjectKey(key);
      check.checkPut(options);
      const maxBytes = check.boundOf(options, this.#maxBytes);
      const { path, file } = await createTemp(this.#temp);
      try {
        await using _closing = file;
        const trailer = await writeObject(file, body, { key, maxBytes, signal: options.signal });
        const { mtimeMs } = await file.stat();
        await this.#commit(key, path, options);
        return { key, ...trailer, modifiedAt: Math.round(mtimeMs) };
      } catch (error) {
        await removeTemp(path);
        throw error;
      }
    });

  get: Objects['get'] = (key, { range, signal } = {}) =>
    this.#run(async () => {
      check.assertObjectKey(key);
      if (range !== undefined) check.checkRange(range);
      signal?.throwIfAborted();
      const object = await openObject(this.#pathOf(key), key);
      if (object === undefined) throw notFound(key);
      return await contentOf(object, range, signal);
    });

  head: Objects['head'] = (key) => this.#run(() => this.#find(key));

  delete: Objects['delete'] = (key) =>
    this.#run(async () => {
      check.assertObjectKey(key);
      await withPath(this.#pathOf(key), () => deleteFile(this.#root, pathOf(key)));
    });

  list: Objects['list'] = (options = {}) => this.#run(() => listObjects(this.#root, check.checkList(options)));

  ping: Objects['ping'] = () => this.#run(() => access(this.#root, constants.R_OK | constants.W_OK | constants.X_OK));

  close: Objects['close'] = async () => {
    this.#closed = true;
  };

  async #find(key: string): Promise<ObjectInfo | undefined> {
    check.assertObjectKey(key);
    return await readInfo(this.#pathOf(key), key);
  }

  async #commit(key: string, temp: string, { ifMatch, ifNoneMatch }: PutOptions): Promise<void> {
    await withPath(this.#pathOf(key), async () => {
      if (ifMatch !== undefined) {
        const current = await this.#find(key);
        if (current?.etag !== ifMatch) throw conditionFailed(key, current?.etag);
      }
      try {
        await commitFile({ temp, root: this.#root, target: pathOf(key), mustBeNew: ifNoneMatch !== undefined });
      } catch (error) {
        if (codeOf(error) !== 'EEXIST') throw error;
        throw conditionFailed(key, (await this.#find(key))?.etag ?? '');
      }
    });
  }

  #pathOf(key: string): string {
    return join(this.#root, pathOf(key));
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw objectsClosed();
    try {
      return await work();
    } catch (error) {
      throw fromFileSystem(error);
    }
  }
}
