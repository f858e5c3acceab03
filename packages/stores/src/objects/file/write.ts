import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { abortable } from '@frameworks/std/abort';
import { tooLarge } from '../errors.ts';
import type { ObjectBody } from '../objects.ts';
import { encodeTrailer, type Trailer } from './trailer.ts';

export interface WriteLimits {
  key: string;
  maxBytes: number;
  signal: AbortSignal | undefined;
}

/** Writes body and trailer and waits until the disk has them. The next chunk is asked for when the last one is written. */
export async function writeObject(file: FileHandle, body: ObjectBody, limits: WriteLimits): Promise<Trailer> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of chunksOf(body, limits.signal)) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > limits.maxBytes) throw tooLarge(limits.key, limits.maxBytes);
    hash.update(chunk);
    await writeAll(file, chunk);
  }
  const trailer = { sizeBytes, etag: hash.digest('hex') };
  await writeAll(file, encodeTrailer(trailer));
  await file.sync();
  // The last moment to change one's mind: what follows is quick and must not be left half done.
  limits.signal?.throwIfAborted();
  return trailer;
}

/** The body's chunks; an abort is heard even while a source keeps us waiting. */
async function* chunksOf(body: ObjectBody, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void> {
  signal?.throwIfAborted();
  if (body instanceof Uint8Array) return yield body;
  const source = body[Symbol.asyncIterator]();
  let ended = false;
  try {
    for (;;) {
      const next = await abortable(source.next(), signal);
      ended = next.done === true;
      if (next.done) return;
      yield next.value;
    }
  } finally {
    // Not awaited: a source that hangs in next() would hang here too.
    if (!ended) source.return?.()?.catch(() => {});
  }
}

/** A write may take only part, on a disk that is nearly full for example. */
async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength; ) {
    const { bytesWritten } = await file.write(bytes, at, bytes.byteLength - at);
    at += bytesWritten;
  }
}
