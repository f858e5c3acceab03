import type { DtscLimits } from '../limits.ts';
import { type Message, MessageDecoder } from '../message.ts';
import { ProtocolError } from '../protocol-error.ts';

export interface Outcome {
  readonly messages: Message[];
  /** Why the stream could not be read to its end. Any other error is thrown. */
  readonly failure: ProtocolError | undefined;
}

/** All that a stream gives when it arrives in these chunks and then ends. */
export function decodeAll(chunks: Iterable<Buffer>, limits?: Partial<DtscLimits>): Outcome {
  const decoder = new MessageDecoder(limits);
  const messages: Message[] = [];
  try {
    for (const chunk of chunks) {
      decoder.write(chunk);
      for (let message = decoder.read(); message; message = decoder.read()) messages.push(message);
    }
    decoder.end();
    return { messages, failure: undefined };
  } catch (error) {
    if (error instanceof ProtocolError) return { messages, failure: error };
    throw error;
  }
}

/** `bytes` cut at these places (in any order, each taken modulo the length). */
export function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = places.map((place) => (bytes.length === 0 ? 0 : place % bytes.length)).sort((a, b) => a - b);
  const bounds = [0, ...sorted, bytes.length];
  return bounds.slice(1).map((end, index) => bytes.subarray(bounds[index], end));
}
