/**
 * The objects seam: large blobs by key, replaced whole or not at all. Recordings, clips, posters, exports. The interface asks for nothing
 * that S3 cannot do: whole-object writes, conditional on an ETag; reads of a byte range; listing in key order, by pages.
 *
 * **Keys** are any well-formed Unicode text of 1 to 1024 bytes of UTF-8 without control characters. Slashes are part of the
 * name and mean nothing but a place to list by prefix; `.`, `..`, empty segments and a leading slash are refused, so that
 * no adapter and no consumer ever has to wonder what they mean. Two keys that differ in any byte are two objects.
 *
 * **A write is atomic and durable**: until `put` resolves readers see the old object, from then on the new one, and it is on
 * disk; after a crash it is wholly the old or wholly the new. A put that fails or is aborted leaves nothing.
 *
 * **ETags** name content: the lower-case hex SHA-256 of the bytes here, an opaque string elsewhere. Compare only for equality.
 *
 * **A read is of one version**: what `get` opened stays readable to its end, whatever is put or deleted meanwhile.
 *
 * Errors: NOT_FOUND `OBJECT_NOT_FOUND`; FAILED_PRECONDITION `OBJECT_CONDITION_FAILED`; OUT_OF_RANGE
 * `OBJECT_RANGE_NOT_SATISFIABLE`; INVALID_ARGUMENT `OBJECT_INVALID_KEY`, `OBJECT_TOO_LARGE`, `OBJECTS_INVALID_…`;
 * RESOURCE_EXHAUSTED `OBJECTS_DISK_FULL` (retryable); PERMISSION_DENIED `OBJECTS_PERMISSION`; UNAVAILABLE
 * `OBJECTS_UNAVAILABLE`. An aborted call rejects with the reason of its signal.
 */
export interface Objects {
  /** Stores the whole of `body` under `key`. A stream is pulled only as fast as it can be written. */
  put(key: string, body: ObjectBody, options?: PutOptions): Promise<ObjectInfo>;
  /** Opens an object. Consume or cancel `body`, or it keeps a file or a connection open. */
  get(key: string, options?: GetOptions): Promise<ObjectContent>;
  /** What `get` would say without its body; `undefined` for an absent object. */
  head(key: string): Promise<ObjectInfo | undefined>;
  /** Deletes the object if there is one. Idempotent; durable when it resolves. */
  delete(key: string): Promise<void>;
  /** One page of objects in the byte order of their keys' UTF-8. */
  list(options?: ListOptions): Promise<ObjectPage>;
  /** Resolves when the store can be read and written. */
  ping(): Promise<void>;
  /** Refuses further calls. Bodies already opened can be read to their end. Idempotent. */
  close(): Promise<void>;
}

export type ObjectBody = Uint8Array | AsyncIterable<Uint8Array>;

export interface PutOptions {
  /** Only if there is no object (`'*'`), as `If-None-Match: *`. */
  ifNoneMatch?: '*';
  /** Only if the object's ETag is this, as `If-Match`. */
  ifMatch?: string;
  /** Refuse and stop reading beyond this many bytes. Default and upper bound: the store's. */
  maxBytes?: number;
  signal?: AbortSignal;
}

export interface GetOptions {
  range?: ByteRange;
  /** Ends the body with the signal's reason. */
  signal?: AbortSignal;
}

/** `start` to `end`, both inclusive as in HTTP; without `end` to the last byte. An `end` beyond the object is cut. */
export interface ByteRange {
  start: number;
  end?: number;
}

export interface ObjectInfo {
  key: string;
  sizeBytes: number;
  etag: string;
  /** When it was put, Unix milliseconds, by the store's clock. */
  modifiedAt: number;
}

export interface ObjectContent {
  info: ObjectInfo;
  /** The bytes that `body` gives: first and last, inclusive; `undefined` when it gives none. */
  range: { start: number; end: number } | undefined;
  body: ReadableStream<Uint8Array>;
}

export interface ListOptions {
  prefix?: string;
  /** Continue after this key: the last key of the page before, or any other text. */
  after?: string;
  /** Objects per page, 1 to 1000. Default 1000. */
  limit?: number;
}

export interface ObjectPage {
  objects: ObjectInfo[];
  /** Pass as `after` for the next page; `undefined` when this is the last. */
  next: string | undefined;
}

export interface ObjectsOptions {
  /** Largest object, bytes. Default 50 GiB. */
  maxObjectBytes?: number;
}
