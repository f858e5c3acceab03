import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeCommand } from './encode-command.ts';
import { encodeHeader } from './encode-header.ts';
import { encodePacket } from './encode-packet.ts';
import { encodeFrame } from './frame.ts';
import { parsePayload } from './message.ts';
import { decodeObject } from './read-value.ts';
import { command, header, packet, payload, places } from './testing/arbitraries.ts';
import { cut, decodeAll } from './testing/decode-all.ts';
import { encodeObject } from './write-value.ts';

const runs = { numRuns: 300 };

/** What the one message in these bytes says, without its frame. */
function onlyMessage(bytes: Buffer): unknown {
  const { messages, failure } = decodeAll([bytes]);
  if (failure) throw failure;
  expect(messages.length).toBe(1);
  const [message] = messages;
  if (message?.kind === 'packet') return message.packet;
  return message?.kind === 'header' ? message.header : message?.command;
}

describe('what is encoded decodes to itself', () => {
  it('trees of any shape', () => {
    fc.assert(
      fc.property(payload, (given) => {
        const bytes = encodeObject(given);
        const decoded = decodeObject(bytes);
        expect(decoded).toEqual(given);
        expect(encodeObject(decoded)).toEqual(bytes);
      }),
      runs,
    );
  });

  it('packets', () => {
    fc.assert(
      fc.property(packet, (given) => {
        expect(onlyMessage(encodePacket(given))).toEqual(given);
      }),
      runs,
    );
  });

  it('headers', () => {
    fc.assert(
      fc.property(header, (given) => {
        expect(onlyMessage(encodeHeader(given))).toEqual(given);
      }),
      runs,
    );
  });

  it('commands', () => {
    fc.assert(
      fc.property(command, (given) => {
        expect(onlyMessage(encodeCommand(given))).toEqual(given);
      }),
      runs,
    );
  });

  it('payloads that mean nothing, unchanged in their frame', () => {
    fc.assert(
      fc.property(payload, (given) => {
        const bytes = encodeFrame('DTCM', given);
        expect(parsePayload({ magic: 'DTCM', bytes, offset: 0 })).toEqual(given);
      }),
      runs,
    );
  });
});

describe('chunks', () => {
  const frame = fc.oneof(packet.map(encodePacket), header.map(encodeHeader), command.map(encodeCommand));
  const stream = fc
    .tuple(fc.array(frame, { maxLength: 5 }), fc.uint8Array({ maxLength: 20 }))
    .map(([frames, rest]) => Buffer.concat([...frames, rest]));

  it('change nothing of what a stream says, nor of why it ends', () => {
    fc.assert(
      fc.property(stream, places, (bytes, at) => {
        expect(decodeAll(cut(bytes, at))).toEqual(decodeAll([bytes]));
      }),
      runs,
    );
  });
});
