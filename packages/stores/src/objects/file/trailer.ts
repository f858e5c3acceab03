import type { FileHandle } from 'node:fs/promises';

/**
 * A file is the object's bytes followed by this trailer, so that content and hash can never disagree about which version
 * they belong to: magic (8), length of the body (8, big-endian), SHA-256 of the body (32).
 */
export const trailerBytes = 48;
const magic = Buffer.from('FWOBJ\x01\r\n', 'latin1');

export interface Trailer {
  sizeBytes: number;
  /** Lower-case hex. */
  etag: string;
}

export function encodeTrailer({ sizeBytes, etag }: Trailer): Buffer {
  const buffer = Buffer.alloc(trailerBytes);
  magic.copy(buffer);
  buffer.writeBigUInt64BE(BigInt(sizeBytes), 8);
  Buffer.from(etag, 'hex').copy(buffer, 16);
  return buffer;
}

/** `undefined` for a file that is no whole object: cut off, or not ours. */
export async function readTrailer(file: FileHandle, fileBytes: number): Promise<Trailer | undefined> {
  if (fileBytes < trailerBytes) return undefined;
  const buffer = Buffer.alloc(trailerBytes);
  const { bytesRead } = await file.read(buffer, 0, trailerBytes, fileBytes - trailerBytes);
  if (bytesRead !== trailerBytes || !buffer.subarray(0, 8).equals(magic)) return undefined;
  const sizeBytes = Number(buffer.readBigUInt64BE(8));
  if (sizeBytes !== fileBytes - trailerBytes) return undefined;
  return { sizeBytes, etag: buffer.toString('hex', 16) };
}
