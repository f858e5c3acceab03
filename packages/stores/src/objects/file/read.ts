import { type FileHandle, open } from 'node:fs/promises';
import { damaged, fromFileSystem, isAbsent, rangeNotSatisfiable } from '../errors.ts';
import type { ByteRange, ObjectContent, ObjectInfo } from '../objects.ts';
import { readTrailer } from './trailer.ts';

const chunkBytes = 64 * 1024;

export interface OpenObject {
  file: FileHandle;
  info: ObjectInfo;
}

/** Opens the current version; `undefined` if there is none. The caller closes `file`. Throws DATA_LOSS for a damaged one. */
export async function openObject(path: string, key: string): Promise<OpenObject | undefined> {
  const file = await openIfThere(path);
  if (file === undefined) return undefined;
  try {
    const stats = await file.stat();
    const trailer = await readTrailer(file, stats.size);
    if (trailer === undefined) throw damaged(key);
    return { file, info: { key, ...trailer, modifiedAt: Math.round(stats.mtimeMs) } };
  } catch (error) {
    await file.close();
    throw error;
  }
}

export async function readInfo(path: string, key: string): Promise<ObjectInfo | undefined> {
  const object = await openObject(path, key);
  await object?.file.close();
  return object?.info;
}

/** The content of an open object; the file is closed when the body ends, is cancelled or fails, or this throws. */
export async function contentOf(
  { file, info }: OpenObject,
  wanted: ByteRange | undefined,
  signal: AbortSignal | undefined,
): Promise<ObjectContent> {
  if (wanted !== undefined && wanted.start >= info.sizeBytes) {
    await file.close();
    throw rangeNotSatisfiable(info.key, info.sizeBytes);
  }
  const start = wanted?.start ?? 0;
  const end = Math.min(wanted?.end ?? Number.MAX_SAFE_INTEGER, info.sizeBytes - 1);
  const range = end < start ? undefined : { start, end };
  return { info, range, body: streamOf(file, { start, end, key: info.key }, signal) };
}

interface Span {
  start: number;
  end: number;
  key: string;
}

/** Reads a chunk whenever one is asked for, never ahead: what nobody reads costs no memory. */
function streamOf(
  file: FileHandle,
  { start, end, key }: Span,
  signal: AbortSignal | undefined,
): ReadableStream<Uint8Array> {
  let at = start;
  let closing: Promise<void> | undefined;
  let onAbort = (): void => {};
  const close = (): Promise<void> => {
    signal?.removeEventListener('abort', onAbort);
    closing ??= file.close();
    return closing;
  };
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        onAbort = () => {
          controller.error(signal?.reason);
          close().catch(() => {});
        };
        if (signal?.aborted) onAbort();
        else signal?.addEventListener('abort', onAbort, { once: true });
      },
      async pull(controller) {
        try {
          const wantedBytes = Math.min(chunkBytes, end - at + 1);
          const chunk = wantedBytes > 0 ? await readChunk(file, at, wantedBytes, key) : undefined;
          if (signal?.aborted) return;
          if (chunk !== undefined) controller.enqueue(chunk);
          at += chunk?.byteLength ?? 0;
          if (at <= end) return;
          await close();
          controller.close();
        } catch (error) {
          await close();
          if (!signal?.aborted) controller.error(fromFileSystem(error));
        }
      },
      cancel: close,
    },
    { highWaterMark: 0 },
  );
}

async function readChunk(file: FileHandle, at: number, sizeBytes: number, key: string): Promise<Uint8Array> {
  const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(sizeBytes), 0, sizeBytes, at);
  // The trailer promised more: somebody cut the file behind our back.
  if (bytesRead === 0) throw damaged(key);
  return buffer.subarray(0, bytesRead);
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
