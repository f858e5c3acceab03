import { join } from 'node:path';

/**
 * Where an object lies. Each segment of the key is a directory, the last one a file, so that a prefix that ends in a slash
 * is listed by reading one subtree. Names are encoded to lower-case ASCII, because file systems fold case and Unicode forms,
 * and cut into chunks, because they limit names to 255 bytes. An entry's name is its encoded chunk and a mark of its kind:
 *
 *     recordings/Ä.mp4   →  recordings / %c3%84.mp4@
 *     <a segment of 64 bytes or more>  →  <64 bytes>@- or @+ / <the rest>@
 *
 * The order of kinds is the order of the keys below: the chunk itself, the chunk followed by a byte below '/', by '/', by a
 * byte above it. So walking entries sorted by (chunk, kind) visits keys in byte order, whatever they contain.
 */
export const kinds = { object: 0, below: 1, directory: 2, above: 3 } as const;
export type Kind = (typeof kinds)[keyof typeof kinds];

export interface Entry {
  /** File name. */
  name: string;
  /** What it stands for in the key. */
  chunk: Buffer;
  kind: Kind;
}

const marks: Record<Kind, string> = { 0: '@', 1: '@-', 2: '', 3: '@+' };
/** Encoded at most 192 characters, with the mark far below 255. */
const chunkBytes = 64;
const slash = 0x2f;

/** The path of a key's file, relative to the root of the objects. */
export function pathOf(key: string): string {
  const segments = key.split('/').map((segment) => Buffer.from(segment));
  const names = segments.flatMap((segment, at) => namesOf(segment, at === segments.length - 1));
  return join(...names);
}

function namesOf(segment: Buffer, isLast: boolean): string[] {
  const names: string[] = [];
  let at = 0;
  // A chunk is continued only if something follows, so that every key has exactly one path.
  for (; segment.length - at > chunkBytes; at += chunkBytes) {
    const next = segment[at + chunkBytes] ?? 0;
    names.push(encode(segment.subarray(at, at + chunkBytes)) + marks[next < slash ? kinds.below : kinds.above]);
  }
  names.push(encode(segment.subarray(at)) + marks[isLast ? kinds.object : kinds.directory]);
  return names;
}

/** What a directory entry stands for; `undefined` for a name that `pathOf` cannot have made. */
export function parseEntry(name: string): Entry | undefined {
  const match = /^((?:[a-z0-9._-]|%[0-9a-f]{2})+)(@[-+]?)?$/.exec(name);
  const [, text, mark = ''] = match ?? [];
  if (text === undefined) return undefined;
  const kind = Object.values(kinds).find((each) => marks[each] === mark) ?? kinds.directory;
  return { name, chunk: decode(text), kind };
}

/** What the keys below an entry begin with, given what those of its directory begin with. */
export function extend(base: Buffer, { chunk, kind }: Entry): Buffer {
  return Buffer.concat(kind === kinds.directory ? [base, chunk, Buffer.of(slash)] : [base, chunk]);
}

/** Orders the entries of one directory as the keys below them. */
export function compareEntries(a: Entry, b: Entry): number {
  return Buffer.compare(sortKey(a), sortKey(b)) || a.kind - b.kind;
}

/** The least that follows the chunk in a key of this kind, as far as it matters beside the entries of other chunks. */
function sortKey({ chunk, kind }: Entry): Buffer {
  if (kind === kinds.directory) return Buffer.concat([chunk, Buffer.of(slash)]);
  return kind === kinds.above ? Buffer.concat([chunk, Buffer.of(slash + 1)]) : chunk;
}

function encode(bytes: Buffer): string {
  let text = '';
  for (const [at, byte] of bytes.entries()) {
    const char = String.fromCharCode(byte);
    // A leading dot would make '.', '..' or a hidden file.
    const plain = /[a-z0-9_-]/.test(char) || (char === '.' && at > 0);
    text += plain ? char : `%${byte.toString(16).padStart(2, '0')}`;
  }
  return text;
}

function decode(text: string): Buffer {
  const codes = [...text.matchAll(/%([0-9a-f]{2})|(.)/g)];
  return Buffer.from(
    codes.map(([, hex, char]) => (hex === undefined ? (char ?? '').charCodeAt(0) : Number.parseInt(hex, 16))),
  );
}
