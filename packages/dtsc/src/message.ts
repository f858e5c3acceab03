import type { Command } from './command.ts';
import type { Frame } from './frame.ts';
import { FrameDecoder } from './frame-decoder.ts';
import type { StreamHeader } from './header.ts';
import { DEFAULT_LIMITS, type DtscLimits } from './limits.ts';
import type { MediaPacket } from './packet.ts';
import { parseCommand } from './parse-command.ts';
import { parseHeader } from './parse-header.ts';
import { parsePacket } from './parse-packet.ts';
import { ProtocolError } from './protocol-error.ts';
import { ValueReader } from './read-value.ts';
import type { DtscObject } from './value.ts';
import { FRAME_HEADER_BYTES } from './wire.ts';

/** A frame and what it says. The frame is what a relay passes on unread. */
export type Message =
  | { readonly kind: 'command'; readonly command: Command; readonly frame: Frame }
  | { readonly kind: 'header'; readonly header: StreamHeader; readonly frame: Frame }
  | { readonly kind: 'packet'; readonly packet: MediaPacket; readonly frame: Frame };

/** Reads what a frame says. Throws `ProtocolError` with the position in the stream. */
export function parseMessage(frame: Frame, limits: DtscLimits = DEFAULT_LIMITS): Message {
  switch (frame.magic) {
    case 'DTCM':
      return { kind: 'command', command: parseCommand(parsePayload(frame, limits), { offset: frame.offset }), frame };
    case 'DTSC':
      return {
        kind: 'header',
        header: parseHeader(parsePayload(frame, limits), { offset: frame.offset, limits }),
        frame,
      };
    default:
      return { kind: 'packet', packet: parsePacket(frame, limits), frame };
  }
}

/** The tree that a frame other than `DTP2` is. Throws `ProtocolError`. */
export function parsePayload(frame: Frame, limits: DtscLimits = DEFAULT_LIMITS): DtscObject {
  const reader = new ValueReader(frame.bytes, {
    position: FRAME_HEADER_BYTES,
    base: frame.offset,
    limits,
  });
  return reader.wholeObject();
}

/** `FrameDecoder` and `parseMessage` in one: bytes in, messages out, with the same rules and the same errors. */
export class MessageDecoder {
  readonly #frames: FrameDecoder;

  constructor(limits?: Partial<DtscLimits>) {
    this.#frames = new FrameDecoder(limits);
  }

  /** Bytes of memory held for what has not been read. */
  get heldBytes(): number {
    return this.#frames.heldBytes;
  }

  /** As `FrameDecoder.write`. */
  write(chunk: Uint8Array): void {
    this.#frames.write(chunk);
  }

  /** The next message; `undefined` when its last byte has not arrived. Throws `ProtocolError`, from the first on always the same. */
  read(): Message | undefined {
    try {
      const frame = this.#frames.read();
      return frame && parseMessage(frame, this.#frames.limits);
    } catch (error) {
      throw error instanceof ProtocolError ? this.#frames.abandon(error) : error;
    }
  }

  /** As `FrameDecoder.end`. */
  end(): void {
    this.#frames.end();
  }
}
