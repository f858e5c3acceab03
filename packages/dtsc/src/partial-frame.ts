/** Until this size a frame's announced length is believed: so much is held for a peer anyway. */
const TRUSTED_BYTES = 16 * 1024;

/**
 * The beginning of a frame whose rest has not arrived. Holds one contiguous buffer that grows with what arrives, never with what is
 * announced, so that a peer pays for what it makes us hold, and a million chunks of one byte cost no more than one of a million.
 */
export class PartialFrame {
  #bytes: Buffer = Buffer.alloc(0);
  #filled = 0;

  get filled(): number {
    return this.#filled;
  }

  /** What has arrived; a view. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#filled);
  }

  /** Memory held, bytes. */
  get capacity(): number {
    return this.#bytes.length;
  }

  /** Takes from `chunk` what is missing to `wanted` bytes in all, as far as it goes; returns how many it took. */
  fillTo(wanted: number, chunk: Buffer, at: number): number {
    const taken = Math.min(wanted - this.#filled, chunk.length - at);
    this.#reserve(this.#filled + taken, wanted);
    chunk.copy(this.#bytes, this.#filled, at, at + taken);
    this.#filled += taken;
    return taken;
  }

  /** Hands the collected bytes over and begins anew. */
  release(): Buffer {
    const whole = this.bytes;
    this.#bytes = Buffer.alloc(0);
    this.#filled = 0;
    return whole;
  }

  #reserve(needed: number, wanted: number): void {
    if (needed <= this.#bytes.length) return;
    const doubled = Math.max(needed, TRUSTED_BYTES, this.#bytes.length * 2);
    const grown = Buffer.allocUnsafe(Math.min(wanted, doubled));
    this.#bytes.copy(grown, 0, 0, this.#filled);
    this.#bytes = grown;
  }
}
