import type { DtscEntry } from './value.ts';

/**
 * One track as a header announces it. What a sender may leave out is `undefined` when it did, so that a header re-encodes as it came;
 * no number is negative.
 */
export interface TrackMeta {
  /** Key of the track in the header, latin1. Shown to people; says nothing the other members do not. */
  readonly name: string;
  /** The id its packets carry on this connection. Every hop numbers anew. */
  readonly trackId: number;
  /** `video`, `audio` or `meta`; a kind unknown here is kept as it is named. */
  readonly type: string;
  /** `H264`, `HEVC`, `AAC`, `opus`, `JSON`, … Case matters. */
  readonly codec: string;
  /** What the decoder needs first: avcC or hvcC record, AudioSpecificConfig; may be empty. */
  readonly init?: Buffer | undefined;
  /** Id of the track this one was made from. */
  readonly source?: number | undefined;
  /** Oldest and newest time in the sender's buffer when it sent this, ms on the stream's clock. In a push, send 0 for both. */
  readonly firstMs?: number | undefined;
  readonly lastMs?: number | undefined;
  readonly nowMs?: number | undefined;
  /** Average and peak, *bytes* per second. */
  readonly bytesPerSecond?: number | undefined;
  readonly maxBytesPerSecond?: number | undefined;
  /** Absent when not set. */
  readonly lang?: string | undefined;
  readonly audio?: AudioMeta | undefined;
  readonly video?: VideoMeta | undefined;
  /** Only in header files. */
  readonly index?: TrackIndex | undefined;
  /** Members that the protocol does not know, in wire order. */
  readonly extra?: readonly DtscEntry[] | undefined;
}

/** Of audio tracks. */
export interface AudioMeta {
  readonly rateHz?: number | undefined;
  /** Bits of a sample. */
  readonly sizeBits?: number | undefined;
  readonly channels?: number | undefined;
}

/** Of video tracks. */
export interface VideoMeta {
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  /** Frames per 1000 s: as announced by the source (0 when it did not say), and as measured. */
  readonly announcedFpks?: number | undefined;
  readonly measuredFpks?: number | undefined;
}

/** Packed tables of a header file, as raw bytes: where the fragments, keyframes and packets of a recording are. */
export interface TrackIndex {
  readonly fragments?: Buffer | undefined;
  readonly keys?: Buffer | undefined;
  readonly keySizes?: Buffer | undefined;
  readonly parts?: Buffer | undefined;
}
