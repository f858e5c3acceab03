import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { encodeCommand } from './encode-command.ts';
import { encodeHeader } from './encode-header.ts';
import { encodePacket } from './encode-packet.ts';
import { encodeFrame } from './frame.ts';
import { type Message, parsePayload } from './message.ts';
import type { MediaPacket } from './packet.ts';
import { cut, decodeAll } from './testing/decode-all.ts';
import { listRecordings, type PacketSummary, readHeaderFile } from './testing/recordings.ts';
import type { TrackMeta } from './track.ts';
import { DtscObject, type DtscValue } from './value.ts';

/** As the descriptions write trees: strings as text, codec data in hex. */
function toJson(value: DtscValue | undefined, key = ''): unknown {
  if (value instanceof DtscObject)
    return Object.fromEntries(value.entries.map(([name, it]) => [name, toJson(it, name)]));
  if (Buffer.isBuffer(value))
    return key === 'init' && value.length > 0 ? `hex:${value.toString('hex')}` : value.toString();
  return value;
}

function describeTrack(track: TrackMeta) {
  const { name, trackId, codec, type, init, firstMs, lastMs, bytesPerSecond, maxBytesPerSecond, audio, video } = track;
  return Object.fromEntries(
    Object.entries({
      name,
      trackid: trackId,
      firstms: firstMs,
      lastms: lastMs,
      bps: bytesPerSecond,
      maxbps: maxBytesPerSecond,
      init: init?.toString('hex'),
      codec,
      type,
      width: video?.width,
      height: video?.height,
      fpks: video?.announcedFpks,
      efpks: video?.measuredFpks,
      rate: audio?.rateHz,
      size: audio?.sizeBits,
      channels: audio?.channels,
    }).filter(([, value]) => value !== undefined),
  );
}

function summarize(packets: readonly MediaPacket[]): PacketSummary {
  return {
    count: packets.length,
    keyframes: packets.filter((packet) => packet.isKeyframe).length,
    with_offset: packets.filter((packet) => packet.offsetMs !== 0).length,
    data_bytes: packets.reduce((sum, packet) => sum + packet.data.length, 0),
    first_time: packets[0]?.timeMs ?? -1,
    last_time: packets.at(-1)?.timeMs ?? -1,
    first_data_prefix_hex: packets[0]?.data.subarray(0, 16).toString('hex') ?? '',
  };
}

function encodeAgain(message: Message): Buffer {
  if (message.kind === 'packet') return encodePacket(message.packet);
  return message.kind === 'header' ? encodeHeader(message.header) : encodeCommand(message.command);
}

const packetsOf = (messages: readonly Message[]) =>
  messages.flatMap((message) => (message.kind === 'packet' ? [message.packet] : []));

describe.each(listRecordings())('recording $name', ({ name, bytes, description }) => {
  const { messages, failure } = decodeAll([bytes]);

  it('is the file that its description speaks of', () => {
    expect(bytes.length).toBe(description.bytes);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(description.sha256);
  });

  it('decodes to its end, frame by frame', () => {
    expect(failure).toBeUndefined();
    expect(messages.length).toBe(description.frames);
    expect(messages.reduce((sum, { frame }) => sum + frame.bytes.length, 0)).toBe(bytes.length);
  });

  it('holds the commands and headers of its description, at their offsets', () => {
    const control = messages.flatMap(({ kind, frame }) =>
      kind === 'packet'
        ? []
        : [
            {
              at: frame.offset,
              magic: frame.magic,
              payload_len: frame.bytes.length - 8,
              body: toJson(parsePayload(frame)),
            },
          ],
    );
    expect(control).toEqual(description.control);
  });

  it('holds the tracks of its description', () => {
    const tracks = messages.flatMap((message) => (message.kind === 'header' ? message.header.tracks : []));
    expect(Object.fromEntries(tracks.map((track) => [track.trackId, describeTrack(track)]))).toEqual(
      description.tracks,
    );
    for (const track of tracks) expect(track.extra).toEqual([]);
  });

  it('holds the packets of its description', () => {
    const byTrack = Object.groupBy(packetsOf(messages), (packet) => packet.trackId);
    const summaries = Object.entries(byTrack).map(([trackId, packets]) => [trackId, summarize(packets ?? [])]);
    expect(Object.fromEntries(summaries)).toEqual(description.packets);
    for (const packet of packetsOf(messages)) expect(packet.extra).toEqual([]);
  });

  it('encodes to the same bytes again', () => {
    // Our own test client wrote this one's members in another order than MistServer does: not the one encoding.
    const isForeign = name === 'err_push_password.c2s';
    const encoded = Buffer.concat(messages.map(encodeAgain));
    if (isForeign) expect(encoded.length).toBe(bytes.length);
    else expect(encoded.equals(bytes)).toBe(true);
    for (const { kind, frame } of messages) {
      if (kind === 'packet' || frame.magic === 'DTP2') continue;
      expect(encodeFrame(frame.magic, parsePayload(frame)).equals(frame.bytes)).toBe(true);
    }
  });

  it('decodes the same when it arrives byte by byte', () => {
    const places = Array.from(bytes.keys());
    expect(decodeAll(cut(bytes, places)).messages.map(encodeAgain)).toEqual(messages.map(encodeAgain));
  });
});

describe('times of the recordings', () => {
  it.each(listRecordings())('$name: never fall within a track', ({ bytes }) => {
    const last = new Map<number, number>();
    for (const { trackId, timeMs } of packetsOf(decodeAll([bytes]).messages)) {
      expect(timeMs).toBeGreaterThanOrEqual(last.get(trackId) ?? 0);
      last.set(trackId, timeMs);
    }
  });

  it('are sorted over all tracks only where sync was asked for', () => {
    const sorted = listRecordings().filter(({ bytes }) => {
      const times = packetsOf(decodeAll([bytes]).messages).map((packet) => packet.timeMs);
      return times.length > 0 && times.every((time, index) => time >= (times[index - 1] ?? 0));
    });
    expect(sorted.map(({ name }) => name)).toEqual(['play_sync_bframes.s2c']);
  });
});

describe('a header file', () => {
  const bytes = readHeaderFile();
  const { messages, failure } = decodeAll([bytes]);
  const header = messages[0]?.kind === 'header' ? messages[0].header : undefined;

  it('is one header of a recorded stream', () => {
    expect(failure).toBeUndefined();
    expect(messages.length).toBe(1);
    expect(header).toMatchObject({ isVod: true, isLive: false, version: 4 });
    expect(header?.tracks.map(({ codec }) => codec)).toEqual(['H264', 'AAC']);
  });

  it('has whole rows in the index of each track', () => {
    for (const track of header?.tracks ?? []) {
      const { fragments, keys, keySizes, parts } = track.index ?? {};
      expect([fragments, keys, keySizes, parts].map((table) => table?.length ?? 0)).not.toContain(0);
      expect((fragments?.length ?? 1) % 13).toBe(0);
      expect((keys?.length ?? 1) % 25).toBe(0);
      expect((parts?.length ?? 1) % 9).toBe(0);
      expect((keySizes?.length ?? 0) / 4).toBe((keys?.length ?? 0) / 25);
    }
  });

  it('encodes to the same bytes again', () => {
    expect(messages.map(encodeAgain)).toEqual([bytes]);
  });
});
