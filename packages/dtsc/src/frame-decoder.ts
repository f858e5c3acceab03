import { assert } from '@frameworks/std';
import { canBecomeMagic, type Frame, readFrameStart } from './frame.ts';
import { type DtscLimits, toLimits } from './limits.ts';
import { PartialFrame } from './partial-frame.ts';
import { ProtocolError } from './protocol-error.ts';
import { FRAME_HEADER_BYTES } from './wire.ts';

const NOTHING = Buffer.alloc(0);

/**
 * Cuts a byte stream into frames. `write` a chunk, then `read` until it gives `undefined`; how the stream was cut into chunks changes
 * nothing of what `read` gives. Holds at most one chunk and one frame. A frame that lies within one chunk is a view of it; one that does
 * not is copied together once.
 *
 * `read` throws `ProtocolError` on what is no frame, after all the frames before it, and from then on always the same error: there is
 * no way to find the next frame.
 */
export class FrameDecoder {
  readonly limits: DtscLimits;
  readonly #partial = new PartialFrame();
  #chunk: Buffer = NOTHING;
  #at = 0;
  /** Position in the stream of the next frame. */
  #offset = 0;
  #failure: ProtocolError | undefined;

  constructor(limits?: Partial<DtscLimits>) {
    this.limits = toLimits(limits);
  }

  /** Bytes of memory held for what has not been read. */
  get heldBytes(): number {
    return this.#partial.capacity + this.#chunk.length;
  }

  /** Takes the next bytes by reference: do not change them while frames of theirs are in use. Only when `read` gave `undefined`. */
  write(chunk: Uint8Array): void {
    if (this.#failure) return;
    assert(this.#at === this.#chunk.length, 'frames of the previous chunk have not been read');
    this.#chunk = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.#at = 0;
  }

  /** The next frame; `undefined` when its last byte has not arrived. Throws `ProtocolError`. */
  read(): Frame | undefined {
    if (this.#failure) throw this.#failure;
    try {
      return this.#partial.filled > 0 ? this.#readAcrossChunks() : this.#readWithinChunk();
    } catch (error) {
      throw error instanceof ProtocolError ? this.abandon(error) : error;
    }
  }

  /** The stream has ended, and all frames have been read. Throws `ProtocolError` when it ended within a frame. */
  end(): void {
    if (this.#failure) throw this.#failure;
    if (this.#partial.filled === 0) return;
    const end = this.#offset + this.#partial.filled;
    throw this.abandon(new ProtocolError('truncated', end, 'the stream ended within a frame'));
  }

  /** Gives the stream up and lets go of its bytes, because what a frame holds is wrong: `error` is thrown from now on. Returns it. */
  abandon(error: ProtocolError): ProtocolError {
    this.#failure = error;
    this.#partial.release();
    this.#wait();
    return error;
  }

  #readWithinChunk(): Frame | undefined {
    const at = this.#at;
    const left = this.#chunk.length - at;
    if (left === 0) return this.#wait();
    if (left < FRAME_HEADER_BYTES) return this.#readAcrossChunks();
    const { magic, totalBytes } = readFrameStart(this.#chunk, at, { offset: this.#offset, limits: this.limits });
    if (left < totalBytes) return this.#readAcrossChunks();
    this.#at += totalBytes;
    const offset = this.#advance(totalBytes);
    return { magic, bytes: this.#chunk.subarray(at, at + totalBytes), offset };
  }

  #readAcrossChunks(): Frame | undefined {
    if (!this.#fillTo(FRAME_HEADER_BYTES)) return this.#waitForStart();
    const context = { offset: this.#offset, limits: this.limits };
    const { magic, totalBytes } = readFrameStart(this.#partial.bytes, 0, context);
    if (!this.#fillTo(totalBytes)) return this.#wait();
    return { magic, bytes: this.#partial.release(), offset: this.#advance(totalBytes) };
  }

  #waitForStart(): undefined {
    if (canBecomeMagic(this.#partial.bytes)) return this.#wait();
    throw new ProtocolError('bad-magic', this.#offset, 'not the start of a DTSC frame');
  }

  /** All of the chunk has been read or copied: lets go of it. */
  #wait(): undefined {
    this.#chunk = NOTHING;
    this.#at = 0;
  }

  #fillTo(wanted: number): boolean {
    if (this.#partial.filled >= wanted) return true;
    this.#at += this.#partial.fillTo(wanted, this.#chunk, this.#at);
    return this.#partial.filled === wanted;
  }

  #advance(totalBytes: number): number {
    const offset = this.#offset;
    this.#offset += totalBytes;
    return offset;
  }
}
