// `npm run bench:dtsc`: how fast the DTSC codec reads and writes a stream, against copying the same bytes and against JSON with the
// media in base64, all in the same run. At most ten seconds.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { encodePacket } from '../packages/dtsc/src/encode-packet.ts';
import { FrameDecoder } from '../packages/dtsc/src/frame-decoder.ts';
import { MessageDecoder } from '../packages/dtsc/src/message.ts';
import { type MediaPacket, withTrackId } from '../packages/dtsc/src/packet.ts';
import { median, saveResult } from './result.ts';

const chunkBytes = 64 * 1024;
const streamBytes = 4 * 1024 * 1024;
/** Twelve measures and what they need first, in ten seconds. */
const measureMs = 350;

const recording = readFileSync(join(dirname(import.meta.dirname), 'packages/dtsc/fixtures/play_async.s2c.bin'));

function readPackets(bytes: Buffer): MediaPacket[] {
  const decoder = new MessageDecoder();
  const packets: MediaPacket[] = [];
  decoder.write(bytes);
  for (let message = decoder.read(); message; message = decoder.read()) {
    if (message.kind === 'packet') packets.push(message.packet);
  }
  return packets;
}

/** The recorded packets over and over, each with its data that many times. */
function makeStream(dataTimes: number): MediaPacket[] {
  const recorded = readPackets(recording);
  const packets: MediaPacket[] = [];
  for (let size = 0, at = 0; size < streamBytes; at++) {
    const packet = recorded[at % recorded.length];
    if (!packet) break;
    const data = Buffer.concat(Array.from({ length: dataTimes }, () => packet.data));
    packets.push({ ...packet, data });
    size += data.length;
  }
  return packets;
}

function cut(bytes: Buffer): Buffer[] {
  const count = Math.ceil(bytes.length / chunkBytes);
  return Array.from({ length: count }, (_, n) => bytes.subarray(n * chunkBytes, (n + 1) * chunkBytes));
}

/** What the measured code makes is counted here, so that none of it can be optimised away. */
let made = 0;

/** Median seconds of processor time that one pass takes: other work on the machine must not count. */
function time(pass: () => void): number {
  pass();
  const seconds: number[] = [];
  const endMs = performance.now() + measureMs;
  do {
    const began = process.cpuUsage();
    pass();
    const { user, system } = process.cpuUsage(began);
    seconds.push((user + system) / 1e6);
  } while (performance.now() < endMs);
  return median(seconds);
}

function decodeMessages(chunks: readonly Buffer[]): void {
  const decoder = new MessageDecoder();
  for (const chunk of chunks) {
    decoder.write(chunk);
    while (decoder.read()) made++;
  }
}

function relayFrames(chunks: readonly Buffer[]): void {
  const decoder = new FrameDecoder();
  for (const chunk of chunks) {
    decoder.write(chunk);
    for (let frame = decoder.read(); frame; frame = decoder.read()) made += withTrackId(frame, 77).length;
  }
}

function copyChunks(chunks: readonly Buffer[]): void {
  for (const chunk of chunks) made += Buffer.from(chunk).length;
}

function encodeAll(packets: readonly MediaPacket[], encode: (packet: MediaPacket) => { length: number }): void {
  for (const packet of packets) made += encode(packet).length;
}

const toJson = (packet: MediaPacket) => JSON.stringify({ ...packet, data: packet.data.toString('base64') });

function fromJson(line: string): void {
  made += Buffer.from(JSON.parse(line).data, 'base64').length;
}

const round = (value: number, digits: number) => Number(value.toFixed(digits));

function measure(dataTimes: number) {
  const packets = makeStream(dataTimes);
  const chunks = cut(Buffer.concat(packets.map((packet) => encodePacket(packet))));
  const lines = packets.map(toJson);
  const seconds = {
    decode: time(() => decodeMessages(chunks)),
    relay: time(() => relayFrames(chunks)),
    encode: time(() => encodeAll(packets, encodePacket)),
    copy: time(() => copyChunks(chunks)),
    jsonDecode: time(() => lines.forEach(fromJson)),
    jsonEncode: time(() => encodeAll(packets, toJson)),
  };
  const megabytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0) / 1e6;
  return {
    meanPacketBytes: Math.round((megabytes * 1e6) / packets.length),
    packets: packets.length,
    megabytesPerSecond: Object.fromEntries(
      Object.entries(seconds).map(([name, each]) => [name, Math.round(megabytes / each)]),
    ),
    decodeMicrosecondsPerPacket: round((seconds.decode / packets.length) * 1e6, 2),
    encodeMicrosecondsPerPacket: round((seconds.encode / packets.length) * 1e6, 2),
    ratios: {
      decodeToCopy: round(seconds.decode / seconds.copy, 2),
      relayToCopy: round(seconds.relay / seconds.copy, 2),
      encodeToCopy: round(seconds.encode / seconds.copy, 2),
      decodeToJson: round(seconds.decode / seconds.jsonDecode, 3),
      encodeToJson: round(seconds.encode / seconds.jsonEncode, 3),
    },
  };
}

/** As recorded, 60 kbit/s of picture; and with every packet twenty times as large, about 2 Mbit/s. */
const report = { asRecorded: measure(1), large: measure(20) };
await saveResult('dtsc', report);
console.log(JSON.stringify(report, null, 2));
if (made === 0) throw new Error('nothing was measured');
