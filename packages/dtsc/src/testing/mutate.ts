/** Integers of `[0, below)`, the same for the same seed (mulberry32): fast enough not to be what a fuzz test spends its time on. */
export type Random = (below: number) => number;

export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** Bytes that mean something somewhere in the format: types, ends, lengths, magics. */
const TELLING = [
  '00',
  '01',
  '02',
  '03',
  '04',
  '0a',
  'e0',
  'ff',
  'ee',
  '0000ee',
  'ffffffff',
  '00000000',
  '7fffffff',
  '0001',
]
  .map((digits) => Buffer.from(digits, 'hex'))
  .concat(['DTCM', 'DTSC', 'DTP2', 'DTPD', 'data', 'tracks', 'trackid', 'cmd'].map((word) => Buffer.from(word)));

function piece(random: Random): Buffer {
  if (random(3) > 0) return TELLING[random(TELLING.length)] ?? Buffer.alloc(1);
  return Buffer.from(Array.from({ length: 1 + random(6) }, () => random(256)));
}

type Mutation = (bytes: Buffer, at: number, random: Random) => Buffer;

const MUTATIONS: readonly Mutation[] = [
  (bytes, at, random) => overwrite(bytes, at, piece(random)),
  (bytes, at, random) => overwrite(bytes, at, Buffer.from([(bytes[at] ?? 0) ^ (1 << random(8))])),
  (bytes, at, random) => Buffer.concat([bytes.subarray(0, at), piece(random), bytes.subarray(at)]),
  (bytes, at, random) => Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random(40))]),
  (bytes, at, random) => Buffer.concat([bytes.subarray(0, at), bytes.subarray(random(bytes.length + 1))]),
  (bytes, at) => bytes.subarray(0, at),
];

function overwrite(bytes: Buffer, at: number, by: Buffer): Buffer {
  const changed = Buffer.from(bytes);
  by.copy(changed, at);
  return changed;
}

/** `bytes` with up to four things wrong. */
export function mutate(bytes: Buffer, random: Random): Buffer {
  let mutated = bytes;
  for (let left = random(5); left > 0; left--) {
    mutated = MUTATIONS[random(MUTATIONS.length)]?.(mutated, random(mutated.length + 1), random) ?? mutated;
  }
  return mutated;
}

/** Bytes of no stream, but with some of what streams are made of. */
export function nonsense(random: Random): Buffer {
  return Buffer.concat(Array.from({ length: random(60) }, () => piece(random)));
}
