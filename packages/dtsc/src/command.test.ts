import { describe, expect, it } from 'vitest';
import { type Command, type Play, PONG } from './command.ts';
import { encodeCommand } from './encode-command.ts';
import { parseCommand } from './parse-command.ts';
import { findParameter, playParameters, wantsSync } from './play-parameters.ts';
import type { ProtocolReason } from './protocol-error.ts';
import { decodeAll } from './testing/decode-all.ts';
import { expectProtocolError } from './testing/expect-protocol-error.ts';
import { type DtscObject, object } from './value.ts';

const VERSION = 'MistServer/v0.3.0';

describe('commands', () => {
  const vectors: [Command, string][] = [
    [
      { cmd: 'play', stream: 'live', version: VERSION },
      '4454434d00000042e00003636d640200000004706c6179000673747265616d02000000046c697665' +
        '000776657273696f6e02000000114d6973745365727665722f76302e332e300000ee',
    ],
    [{ cmd: 'ping' }, '4454434d00000012e00003636d64020000000470696e670000ee'],
    [PONG, '4454434d0000001fe00003636d6402000000026f6b00036d73670200000005506f6e67210000ee'],
    [
      { cmd: 'sync', isSync: true },
      '4454434d00000021e00003636d64020000000473796e63000473796e630100000000000000010000ee',
    ],
    [
      { cmd: 'error', message: 'Stream open failed' },
      '4454434d0000002fe00003636d6402000000056572726f7200036d736702000000125374' +
        '7265616d206f70656e206661696c65640000ee',
    ],
  ];

  it.each(vectors)('%j has the bytes of the reference', (command, digits) => {
    const bytes = encodeCommand(command);
    expect(bytes.toString('hex')).toBe(digits);
    expect(decodeAll([bytes]).messages).toMatchObject([{ kind: 'command', command }]);
  });

  it('have their members in the order of names', () => {
    const bytes = encodeCommand({
      cmd: 'push',
      stream: 's',
      password: 'p',
      version: 'v',
      isSync: true,
      extra: playParameters({ tag: 'x', audio: 'none' }),
    });
    const keys = bytes.toString('latin1').match(/audio|cmd|password|stream|sync|tag|version/g);
    expect(keys).toEqual(['audio', 'cmd', 'password', 'stream', 'sync', 'tag', 'version']);
  });

  it('that are unknown are kept, also one named as ours for them', () => {
    expect(parseCommand(object([['cmd', 'jump']]))).toEqual({ cmd: 'other', name: 'jump', extra: [] });
    expect(parseCommand(object([['cmd', 'other']]))).toEqual({ cmd: 'other', name: 'other', extra: [] });
  });

  it('of a member without meaning take no harm', () => {
    const tree = object([
      ['cmd', 'sync'],
      ['extra', 3],
    ]);
    expect(parseCommand(tree)).toEqual({ cmd: 'sync', isSync: false, extra: [['extra', 3]] });
  });

  const wrong: [string, DtscObject, ProtocolReason][] = [
    ['no name', object([['stream', 'x']]), 'missing-member'],
    ['a number for a name', object([['cmd', 1]]), 'wrong-type'],
    ['no stream to play', object([['cmd', 'play']]), 'missing-member'],
    ['no stream to push', object([['cmd', 'push']]), 'missing-member'],
    ['a stream that is no text', object(Object.entries({ cmd: 'play', stream: Buffer.from([0xc0]) })), 'wrong-type'],
    ['no track to check', object(Object.entries({ cmd: 'check_key_duration', duration: 1 })), 'missing-member'],
    ['no duration to check', object(Object.entries({ cmd: 'check_key_duration', id: 1 })), 'missing-member'],
    ['a negative duration', object(Object.entries({ cmd: 'check_key_duration', id: 1, duration: -1 })), 'out-of-range'],
  ];

  it.each(wrong)('with %s are refused', (_, tree, reason) => {
    expectProtocolError(() => parseCommand(tree, { offset: 5 }), reason, 5);
  });
});

describe('parameters of play', () => {
  const play = (extra: Play['extra']): Play => ({ cmd: 'play', stream: 's', extra });

  it('are sent as text', () => {
    expect(playParameters({ start: '90000' })).toEqual([['start', Buffer.from('90000')]]);
  });

  it('are found as text, however they were sent', () => {
    const command = play([...playParameters({ start: '90000' }), ['sync', 1], ['odd', null]]);
    expect(findParameter(command, 'start')).toBe('90000');
    expect(findParameter(command, 'sync')).toBe('1');
    expect(findParameter(command, 'odd')).toBeUndefined();
    expect(findParameter(command, 'stop')).toBeUndefined();
  });

  it('turn sync on by any text', () => {
    expect(wantsSync(play([['sync', 0]]))).toBe(true);
    expect(wantsSync(play(playParameters({ sync: '0' })))).toBe(true);
    expect(wantsSync(play(playParameters({ sync: '' })))).toBe(false);
    expect(wantsSync(play(undefined))).toBe(false);
  });
});
