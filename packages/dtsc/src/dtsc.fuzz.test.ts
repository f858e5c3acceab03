import { expect, it } from 'vitest';
import { encodeCommand } from './encode-command.ts';
import { encodeHeader } from './encode-header.ts';
import { encodePacket } from './encode-packet.ts';
import type { Message } from './message.ts';
import { cut, decodeAll } from './testing/decode-all.ts';
import { measureLiveBytes } from './testing/memory.ts';
import { mutate, nonsense, type Random, seededRandom } from './testing/mutate.ts';
import { oddFrame } from './testing/odd-frame.ts';
import { listRecordings, readHeaderFile } from './testing/recordings.ts';

const fuzzMs = Number(process.env.FUZZ_MS ?? '2000');
const MAX_GROWTH_BYTES = 64 * 1024 * 1024;
/** Of processor time, for at most a few KiB: a thousand times what they need. */
const MAX_INPUT_MS = 1000;

/** Frames of the recordings, so that inputs are short and a mutation has something to hit. */
const corpus = [...listRecordings().map(({ bytes }) => bytes), readHeaderFile()].map((bytes) =>
  decodeAll([bytes]).messages.map(({ frame }) => frame.bytes),
);

function recorded(random: Random): Buffer {
  const frames = corpus[random(corpus.length)] ?? [];
  // Headers and commands come first and are few: begin there half the time.
  const begin = random(2) === 0 ? 0 : random(frames.length);
  return Buffer.concat(frames.slice(begin, begin + 1 + random(6)));
}

function encodeAgain(message: Message): Buffer {
  if (message.kind === 'packet') return encodePacket(message.packet);
  return message.kind === 'header' ? encodeHeader(message.header) : encodeCommand(message.command);
}

/** What holds for any bytes. Anything but a `ProtocolError` is thrown by `decodeAll` and fails the test. */
function check(bytes: Buffer, random: Random): void {
  const whole = decodeAll([bytes]);
  const places = Array.from({ length: random(12) }, () => random(bytes.length + 1));
  const pieces = decodeAll(cut(bytes, places));
  expect(pieces.failure?.message).toBe(whole.failure?.message);
  expect(pieces.messages.length).toBe(whole.messages.length);
  // What was understood can be said again, and is then said in the one way.
  const encoded = whole.messages.map(encodeAgain);
  expect(pieces.messages.map(encodeAgain)).toEqual(encoded);
  const again = decodeAll([Buffer.concat(encoded)], { maxPacketBytes: 2 ** 31, maxHeaderBytes: 2 ** 31 });
  expect(again.failure).toBeUndefined();
  expect(again.messages.map(encodeAgain)).toEqual(encoded);
}

function search(make: (random: Random) => Buffer): void {
  const seed = Date.now() >>> 0;
  const random = seededRandom(seed);
  const liveBytes = measureLiveBytes();
  const endMs = performance.now() + fuzzMs / 3;
  for (let round = 0; performance.now() < endMs; round++) {
    const input = make(random);
    const began = process.cpuUsage();
    try {
      check(input, random);
    } catch (error) {
      throw new Error(`seed ${seed}, round ${round}: ${input.toString('hex')}`, { cause: error });
    }
    const { user, system } = process.cpuUsage(began);
    expect((user + system) / 1000, input.toString('hex')).toBeLessThan(MAX_INPUT_MS);
  }
  expect(measureLiveBytes() - liveBytes).toBeLessThan(MAX_GROWTH_BYTES);
}

it('takes mutated recordings', { timeout: fuzzMs + 20_000 }, () =>
  search((random) => mutate(recorded(random), random)),
);

it('takes nonsense', { timeout: fuzzMs + 20_000 }, () => search(nonsense));

it('takes frames whose members are not what they should be', { timeout: fuzzMs + 20_000 }, () =>
  search((random) => Buffer.concat([oddFrame(random), mutate(oddFrame(random), random)])),
);
