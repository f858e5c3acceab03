import { assertNever } from '@frameworks/std';
import type { Command } from './command.ts';
import { encodeFrame } from './frame.ts';
import { type DtscObject, type DtscValue, object } from './value.ts';

type Member = readonly [string, DtscValue | string | undefined];

/** A command as `DTCM` frame, members in the order of their names as MistServer sends them. Throws `RangeError` as `encodeObject` does. */
export function encodeCommand(command: Command): Buffer {
  return encodeFrame('DTCM', toCommandObject(command));
}

/** The tree of a command: `parseCommand` turned around. */
export function toCommandObject(command: Command): DtscObject {
  const name = command.cmd === 'other' ? command.name : command.cmd;
  const members: Member[] = [['cmd', name], ...ownMembers(command), ...(command.extra ?? [])];
  return object(members.sort(([a], [b]) => (a < b ? -1 : Number(a > b))));
}

function ownMembers(command: Command): Member[] {
  switch (command.cmd) {
    case 'hi':
      return [
        ['pack_method', command.packMethod],
        ['salt', command.salt],
        ['version', command.version],
      ];
    case 'play':
      return [
        ['stream', command.stream],
        ['version', command.version],
      ];
    case 'push':
      return [
        ['stream', command.stream],
        ['password', command.password],
        ['version', command.version],
        ['sync', command.isSync ? 1 : undefined],
      ];
    case 'ok':
    case 'error':
      return [['msg', command.message]];
    case 'sync':
      return [['sync', command.isSync ? 1 : 0]];
    case 'check_key_duration':
      return [
        ['id', command.trackId],
        ['duration', command.durationMs],
      ];
    case 'ping':
    case 'reset':
    case 'other':
      return [];
    default:
      return assertNever(command, 'command');
  }
}
