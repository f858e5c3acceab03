/** What is wrong with bytes from a peer; for counting and for tests, so the set is closed. */
export type ProtocolReason =
  /** A frame begins with none of the four magics. */
  | 'bad-magic'
  /** A frame announces more bytes than the limit of its kind. */
  | 'frame-too-large'
  /** A frame or value ends before its last byte. */
  | 'truncated'
  /** Bytes are left in a frame behind its object. */
  | 'trailing-bytes'
  /** No value begins with this type byte. */
  | 'unknown-type'
  /** An object or array ends with something else than `00 00 EE`. */
  | 'bad-terminator'
  | 'too-deep'
  | 'too-many-values'
  | 'too-many-tracks'
  /** Two tracks of one header have the same id. */
  | 'duplicate-track'
  | 'missing-member'
  /** A member has another type than the protocol gives it, or is text but not UTF-8. */
  | 'wrong-type'
  /** An integer is outside of what its member can mean. */
  | 'out-of-range';

/**
 * The one error that decoding throws: the peer sent what is not DTSC. The stream cannot be read on, so close it.
 * `offset` counts bytes from the start of the stream: of the byte at fault, or of the frame when a member is missing or wrong.
 */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly reason: ProtocolReason;
  readonly offset: number;

  constructor(reason: ProtocolReason, offset: number, message: string) {
    super(`${message} (${reason} at byte ${offset})`);
    this.reason = reason;
    this.offset = offset;
  }
}
