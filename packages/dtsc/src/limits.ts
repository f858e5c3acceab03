/** What one peer may make us hold. The protocol itself knows no limit: a length field reaches to 4 GiB. */
export interface DtscLimits {
  /** Payload bytes of a command. Covers a signed token as stream name. */
  readonly maxCommandBytes: number;
  /** Payload bytes of a header. Headers on disk carry an index that grows with the recording: read those with more. */
  readonly maxHeaderBytes: number;
  /** Payload bytes of a media packet: one access unit, at worst a keyframe. */
  readonly maxPacketBytes: number;
  /**
   * Values in one frame, containers included. A value takes one byte on the wire and a hundred in memory, so bytes alone do not
   * bound memory.
   */
  readonly maxValues: number;
  /** Containers within containers; a header needs three. */
  readonly maxDepth: number;
  readonly maxTracks: number;
}

export const DEFAULT_LIMITS: DtscLimits = {
  maxCommandBytes: 16 * 1024,
  maxHeaderBytes: 1024 * 1024,
  maxPacketBytes: 8 * 1024 * 1024,
  maxValues: 16_384,
  maxDepth: 16,
  maxTracks: 256,
};

/** The default limits with some replaced. */
export function toLimits(limits: Partial<DtscLimits> = {}): DtscLimits {
  return { ...DEFAULT_LIMITS, ...limits };
}
