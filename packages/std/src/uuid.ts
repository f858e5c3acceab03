import { assert } from './assert.ts';
import type { Clock } from './clock.ts';

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const counterMax = 2 ** 12 - 1;

/**
 * A source of UUIDv7 (RFC 9562 §5.7), lower case. Ids of one source are strictly increasing as strings, also within a
 * millisecond and when the wall clock goes back: a 12-bit counter in `rand_a` (§6.2, method 1), seeded in its lower half
 * each millisecond; when it overflows, the source's own time runs ahead by one millisecond.
 *
 * @param fill fills an array with random bytes; pass a seeded one in tests.
 */
export function createUuidSource(
  clock: Pick<Clock, 'now'>,
  fill: (bytes: Uint8Array<ArrayBuffer>) => unknown = (bytes) => crypto.getRandomValues(bytes),
): () => string {
  const random = new Uint8Array(10);
  let lastMs = -1;
  let counter = 0;
  return () => {
    fill(random);
    const nowMs = Math.trunc(clock.now());
    if (nowMs > lastMs) {
      lastMs = nowMs;
      counter = seed(random);
    } else if (counter < counterMax) {
      counter++;
    } else {
      lastMs++;
      counter = seed(random);
    }
    return format(lastMs, counter, random);
  };
}

/** The millisecond (Unix, UTC) a UUIDv7 was made in. */
export function uuidTime(id: string): number {
  assert(isUuid(id) && id[14] === '7', 'uuidTime: not a UUIDv7');
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

/** Is this the canonical lower-case text of a UUID, of whatever version? */
export function isUuid(text: string): boolean {
  return uuidPattern.test(text);
}

/** The lower half only, so that at least 2,048 ids fit into the rest of the millisecond. */
function seed(random: Uint8Array): number {
  return (((random[8] ?? 0) << 8) | (random[9] ?? 0)) & (counterMax >> 1);
}

function format(ms: number, counter: number, random: Uint8Array): string {
  const time = ms.toString(16).padStart(12, '0');
  const tail = Array.from(random.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join('');
  const variant = (8 | ((random[0] ?? 0) >> 6)).toString(16);
  return [
    time.slice(0, 8),
    time.slice(8),
    `7${counter.toString(16).padStart(3, '0')}`,
    variant + tail.slice(1, 4),
    tail.slice(4),
  ].join('-');
}
