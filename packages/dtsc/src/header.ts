import type { TrackMeta } from './track.ts';
import type { DtscEntry } from './value.ts';

/** The version of headers that MistServer v0.3 writes. */
export const HEADER_VERSION = 4;

/**
 * What a stream consists of: everything selected, not only what is new. Comes before the first packet and again, whole, whenever the
 * set of tracks changes; ids already known keep their meaning. Only after a `reset` does a header replace the earlier ones.
 */
export interface StreamHeader {
  /** Live, recorded, or both at once: a live stream from an earlier point on. */
  readonly isLive: boolean;
  readonly isVod: boolean;
  /** Say `HEADER_VERSION`; a sender may leave it out. */
  readonly version?: number | undefined;
  /** Unix time of the stream's time 0, ms: the wall clock of a packet is this plus its time. Jitters by a millisecond. */
  readonly unixZeroMs?: number | undefined;
  readonly tracks: readonly TrackMeta[];
  /** Members that the protocol does not know, in wire order; a file's `inputLocalVars` among them. */
  readonly extra?: readonly DtscEntry[] | undefined;
}
