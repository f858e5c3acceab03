import { AssertionError } from '@frameworks/std';
import { describe, expect, it } from 'vitest';
import { encodeCommand } from './encode-command.ts';
import { encodePacket } from './encode-packet.ts';
import { FrameDecoder } from './frame-decoder.ts';
import { MessageDecoder } from './message.ts';
import { cut, decodeAll } from './testing/decode-all.ts';
import { expectProtocolError } from './testing/expect-protocol-error.ts';

const ping = encodeCommand({ cmd: 'ping' });
const large = encodePacket({ trackId: 1, timeMs: 40, data: Buffer.alloc(300_000, 7) });

function start(magic: string, payloadBytes: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.write(magic, 'latin1');
  bytes.writeUInt32BE(payloadBytes, 4);
  return bytes;
}

describe('frames', () => {
  it('come out whole, in order, with their place in the stream', () => {
    const decoder = new FrameDecoder();
    decoder.write(Buffer.concat([ping, large, ping]));
    expect(decoder.read()).toEqual({ magic: 'DTCM', bytes: ping, offset: 0 });
    expect(decoder.read()).toEqual({ magic: 'DTP2', bytes: large, offset: ping.length });
    expect(decoder.read()).toEqual({ magic: 'DTCM', bytes: ping, offset: ping.length + large.length });
    expect(decoder.read()).toBeUndefined();
    decoder.end();
  });

  it('are views of a chunk that holds them whole', () => {
    const chunk = Buffer.concat([ping, ping]);
    const decoder = new FrameDecoder();
    decoder.write(chunk);
    expect(decoder.read()?.bytes.buffer).toBe(chunk.buffer);
  });

  it('come as well from arrays of bytes', () => {
    const decoder = new FrameDecoder();
    decoder.write(new Uint8Array(ping));
    expect(decoder.read()?.bytes).toEqual(ping);
  });

  it('wait for their last byte', () => {
    const decoder = new FrameDecoder();
    for (const chunk of cut(ping, Array.from(ping.keys()))) {
      expect(decoder.read()).toBeUndefined();
      decoder.write(chunk);
    }
    expect(decoder.read()?.bytes).toEqual(ping);
  });

  it('must be read before more is written', () => {
    const decoder = new FrameDecoder();
    decoder.write(ping);
    expect(() => decoder.write(ping)).toThrow(AssertionError);
  });
});

describe('memory', () => {
  it('grows with what arrives, not with what is announced', () => {
    const decoder = new FrameDecoder();
    decoder.write(start('DTP2', 8 * 1024 * 1024));
    expect(decoder.read()).toBeUndefined();
    expect(decoder.heldBytes).toBeLessThanOrEqual(16 * 1024);
  });

  it('is at most twice what has arrived, above 16 KiB, whatever the chunks', () => {
    const decoder = new FrameDecoder();
    for (let sent = 0; sent < large.length - 1; sent += 100) {
      decoder.write(large.subarray(sent, Math.min(sent + 100, large.length - 1)));
      expect(decoder.read()).toBeUndefined();
      expect(decoder.heldBytes).toBeLessThanOrEqual(Math.max(16 * 1024, 2 * (sent + 100)));
    }
  });

  it('is given back between frames', () => {
    const decoder = new FrameDecoder();
    for (const chunk of cut(large, [1000, 200_000])) {
      decoder.write(chunk);
      decoder.read();
    }
    expect(decoder.read()).toBeUndefined();
    expect(decoder.heldBytes).toBe(0);
  });

  it('is given back after an error', () => {
    const decoder = new FrameDecoder();
    decoder.write(Buffer.concat([start('DTCM', 1e6), large]));
    expectProtocolError(() => decoder.read(), 'frame-too-large', 0);
    decoder.write(large);
    expect(decoder.heldBytes).toBe(0);
  });
});

describe('garbage', () => {
  it.each(['GET / HTTP/1.1\r\n', 'X', 'DTX', 'DTSD\0\0\0\0', '\x16\x03\x01\x02\0\x01\0'])(
    '%j is no frame',
    (garbage) => {
      const { failure, messages } = decodeAll([Buffer.from(garbage, 'latin1')]);
      expect(messages).toEqual([]);
      expect(failure).toMatchObject({ name: 'ProtocolError', reason: 'bad-magic', offset: 0 });
    },
  );

  it('is found behind whole frames, at its place, in each way to cut the stream', () => {
    const bytes = Buffer.concat([ping, ping, Buffer.from('DTCX')]);
    for (const at of bytes.keys()) {
      const { failure, messages } = decodeAll(cut(bytes, [at]));
      expect(messages.length).toBe(2);
      expect(failure).toMatchObject({ reason: 'bad-magic', offset: 2 * ping.length });
    }
  });

  it('is never read past: the same error comes again', () => {
    const decoder = new MessageDecoder();
    decoder.write(Buffer.from('nonsense'));
    expectProtocolError(() => decoder.read(), 'bad-magic', 0);
    decoder.write(ping);
    expectProtocolError(() => decoder.read(), 'bad-magic', 0);
    expectProtocolError(() => decoder.end(), 'bad-magic', 0);
  });

  it('in a payload ends the messages, too', () => {
    const decoder = new MessageDecoder();
    decoder.write(Buffer.concat([start('DTCM', 2), Buffer.from([0xe0, 0]), ping]));
    expectProtocolError(() => decoder.read(), 'truncated', 9);
    expectProtocolError(() => decoder.read(), 'truncated', 9);
    expect(decoder.heldBytes).toBe(0);
  });

  it.each([
    ['DTCM', 16 * 1024],
    ['DTSC', 1024 * 1024],
    ['DTP2', 8 * 1024 * 1024],
    ['DTPD', 8 * 1024 * 1024],
  ])('%s frames are at most %i bytes', (magic, maxBytes) => {
    expect(decodeAll([start(magic, maxBytes)]).failure?.reason).toBe('truncated');
    expect(decodeAll([start(magic, maxBytes + 1)]).failure?.reason).toBe('frame-too-large');
    expect(decodeAll([start(magic, 0xffff_ffff)]).failure?.reason).toBe('frame-too-large');
  });

  it('is a stream that ends within a frame', () => {
    expect(decodeAll([ping, large.subarray(0, 20)]).failure).toMatchObject({
      reason: 'truncated',
      offset: ping.length + 20,
    });
  });
});
