import type { ObjectContent, Objects, ObjectsOptions } from '../objects.ts';

/** What a case needs from the adapter under test. */
export interface ObjectsHarness {
  /** A client of one store that is empty at the start of the case; several see the same objects. */
  open(options?: ObjectsOptions): Promise<Objects>;
}

/** One promise of the seam. */
export interface ObjectsCase {
  name: string;
  run(context: { objects: Objects; other: Objects; harness: ObjectsHarness }): Promise<void>;
}

export async function runObjectsCase(objectsCase: ObjectsCase, harness: ObjectsHarness): Promise<void> {
  const objects = await harness.open();
  const other = await harness.open();
  try {
    await objectsCase.run({ objects, other, harness });
  } finally {
    await objects.close();
    await other.close();
  }
}

export async function readAll({ body }: ObjectContent): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export async function readText(objects: Objects, key: string): Promise<string> {
  return (await readAll(await objects.get(key))).toString();
}

export const text = (value: string): Uint8Array => Buffer.from(value);

/** A source that counts how many chunks were asked for. */
export class CountingSource implements AsyncIterable<Uint8Array> {
  pulled = 0;
  returned = false;
  readonly #chunk: Uint8Array;
  readonly #count: number;

  constructor(chunk: Uint8Array, count: number) {
    this.#chunk = chunk;
    this.#count = count;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    try {
      while (this.pulled < this.#count) {
        this.pulled += 1;
        yield this.#chunk;
      }
    } finally {
      this.returned = true;
    }
  }
}
