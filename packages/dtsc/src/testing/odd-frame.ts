import { encodePacket } from '../encode-packet.ts';
import { encodeFrame } from '../frame.ts';
import { DtscDouble, type DtscEntry, DtscObject, type DtscValue } from '../value.ts';
import type { Random } from './mutate.ts';

const KEYS =
  'cmd stream version sync msg id duration password salt pack_method live vod unixzero tracks trackid type codec init lang source firstms lastms bps rate size channels width height fpks time offset bpos keyframe data new'.split(
    ' ',
  );
const TEXTS = 'play push hi ok error ping sync reset check_key_duration jump video audio meta H264'.split(' ');
const INTEGERS = [0, 1, -1, 2, 0xffff_ffff, 2 ** 32, Number.MAX_SAFE_INTEGER, 2n ** 53n, -(2n ** 63n)];

const pick = <T>(random: Random, from: readonly [T, ...T[]] | readonly T[]): T | undefined => from[random(from.length)];

function oddValue(random: Random, depth: number): DtscValue {
  switch (random(depth > 3 ? 5 : 8)) {
    case 0:
    case 1:
      return pick(random, INTEGERS) ?? 0;
    case 2:
    case 3:
      return Buffer.from(pick(random, TEXTS) ?? '');
    case 4:
      return pick(random, [null, Buffer.from([0xff]), DtscDouble.from(0.5)]) ?? null;
    case 5:
      return Array.from({ length: random(4) }, () => oddValue(random, depth + 1));
    default:
      return new DtscObject(oddEntries(random, depth + 1));
  }
}

function oddEntries(random: Random, depth: number): DtscEntry[] {
  return Array.from({ length: random(6) }, () => [pick(random, KEYS) ?? 'new', oddValue(random, depth)]);
}

/** What a header's `tracks` may look like: near enough to right that some get through. */
function oddTracks(random: Random): DtscValue {
  const track = (): DtscEntry[] => [
    ['trackid', random(9)],
    ['type', Buffer.from(pick(random, ['video', 'audio', 'meta']) ?? '')],
    ['codec', Buffer.from('X')],
    ...oddEntries(random, 2),
  ];
  return new DtscObject(
    Array.from({ length: random(4) }, (_, n) => [`t${n}`, new DtscObject(track().slice(random(2)))]),
  );
}

/** A well-formed frame with known names for members, whose values are often, not always, of the wrong kind. */
export function oddFrame(random: Random): Buffer {
  const entries = oddEntries(random, 0);
  const data = Buffer.alloc(random(30), 7);
  switch (random(4)) {
    case 0:
      return encodeFrame('DTCM', new DtscObject([['cmd', Buffer.from(pick(random, TEXTS) ?? '')], ...entries]));
    case 1:
      return encodeFrame('DTSC', new DtscObject([...entries, ['tracks', oddTracks(random)]]));
    case 2:
      return encodeFrame('DTPD', new DtscObject([...entries, ['trackid', 1], ['time', random(99)], ['data', data]]));
    default:
      return encodePacket({ trackId: random(9), timeMs: random(99), data, extra: entries });
  }
}
