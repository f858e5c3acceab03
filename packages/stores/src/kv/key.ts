import { ServiceError } from '@frameworks/kit/errors';

/** A full key, `{<cell>}:<noun>:<id>`. Only `buildKey` makes one, so whatever holds a `KvKey` holds a valid key. */
export type KvKey = string & { readonly __brand: 'KvKey' };

export interface KeyParts {
  /** The cell's slug. Its braces are Redis Cluster's hash tag: all keys of a cell live in one slot. */
  cell: string;
  /** What kind of thing: `leader`, `conn_owner`, `pull-lock`. */
  noun: string;
  /** Which one. Any printable text up to `maxIdBytes` of UTF-8; it may contain colons. */
  id: string;
}

export const maxIdBytes = 512;

const cellPattern = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const nounPattern = /^[a-z][a-z0-9_-]{0,63}$/;
/** Kept by the adapters for what a user of the seam must not overwrite: fences never go back, logs are appended by script. */
type ReservedNoun = 'fence' | 'unsettled' | 'changelog' | 'changelog-state';
const reservedNouns: ReadonlySet<string> = new Set(['fence', 'unsettled', 'changelog', 'changelog-state']);

/** The one function that builds a key. Throws INVALID_ARGUMENT `KV_INVALID_KEY`. */
export function buildKey(parts: KeyParts): KvKey {
  assertCell(parts.cell);
  assertNoun(parts.noun);
  assertId(parts.id);
  return joinKey(parts);
}

/** A key of one of the reserved nouns, for adapters only. `id` may be `<noun>:<id>` of the key it belongs to. */
export function buildReservedKey(parts: KeyParts & { noun: ReservedNoun }): KvKey {
  assertCell(parts.cell);
  return joinKey(parts);
}

/** Where the fence of a lease is kept: a key of its own that outlives the lease by far. */
export function fenceKeyOf(lease: KvKey): KvKey {
  const { cell, noun, id } = parseKey(lease);
  return buildReservedKey({ cell, noun: 'fence', id: `${noun}:${id}` });
}

/**
 * Exists for one time to live of a lease after the store had to admit that it may have forgotten an owner: whoever acquires
 * meanwhile must wait, also if the first to be told has already given the lease up.
 */
export function unsettledKeyOf(lease: KvKey): KvKey {
  const { cell, noun, id } = parseKey(lease);
  return buildReservedKey({ cell, noun: 'unsettled', id: `${noun}:${id}` });
}

/** The inverse of `buildKey`. Throws INVALID_ARGUMENT `KV_INVALID_KEY` for anything `buildKey` cannot have made. */
export function parseKey(key: string): KeyParts {
  const match = /^\{([^}]*)\}:([^:]*):(.*)$/su.exec(key);
  const [, cell, noun, id] = match ?? [];
  if (cell === undefined || noun === undefined || id === undefined) throw invalidKey('not of the form {cell}:noun:id');
  buildKey({ cell, noun, id });
  return { cell, noun, id };
}

/** Throws INVALID_ARGUMENT `KV_INVALID_KEY` unless `cell` is a slug. */
export function assertCell(cell: string): void {
  if (!cellPattern.test(cell)) throw invalidKey(`cell "${printable(cell)}" is not a slug`);
}

/** Throws INVALID_ARGUMENT `KV_INVALID_KEY` unless `noun` is lower-case letters, digits, `_` and `-`, and not reserved. */
export function assertNoun(noun: string): void {
  if (!nounPattern.test(noun)) throw invalidKey(`noun "${printable(noun)}" must match ${nounPattern.source}`);
  if (reservedNouns.has(noun)) throw invalidKey(`noun "${noun}" is reserved`);
}

function assertId(id: string): void {
  const sizeBytes = Buffer.byteLength(id);
  if (sizeBytes === 0) throw invalidKey('id is empty');
  if (sizeBytes > maxIdBytes) throw invalidKey(`id is ${sizeBytes} bytes long, at most ${maxIdBytes} are allowed`);
  // A lone surrogate would reach Redis as U+FFFD and make two ids one.
  if (!id.isWellFormed()) throw invalidKey('id is not well-formed Unicode');
  if (/\p{Cc}/u.test(id)) throw invalidKey('id contains a control character');
}

function joinKey({ cell, noun, id }: KeyParts): KvKey {
  // The brand exists only in the type system; this is where it is given.
  return `{${cell}}:${noun}:${id}` as KvKey;
}

function invalidKey(message: string): ServiceError {
  return new ServiceError('INVALID_ARGUMENT', 'KV_INVALID_KEY', { message: `kv key: ${message}` });
}

function printable(text: string): string {
  return JSON.stringify(text.slice(0, 80)).slice(1, -1);
}
