import type { Command } from './command.ts';
import { Members, UINT32 } from './members.ts';
import type { ParseContext } from './parse-header.ts';
import type { DtscObject } from './value.ts';

type Parser = (members: Members) => Command;

const PARSERS: ReadonlyMap<string, Parser> = new Map<string, Parser>([
  [
    'hi',
    (members) => ({
      cmd: 'hi',
      version: members.text('version'),
      salt: members.text('salt'),
      packMethod: members.integer('pack_method'),
    }),
  ],
  ['play', (members) => ({ cmd: 'play', stream: takeStream(members), version: members.text('version') })],
  [
    'push',
    (members) => ({
      cmd: 'push',
      stream: takeStream(members),
      password: members.text('password'),
      version: members.text('version'),
      isSync: members.flag('sync'),
    }),
  ],
  ['ok', (members) => ({ cmd: 'ok', message: members.text('msg') })],
  ['error', (members) => ({ cmd: 'error', message: members.text('msg') })],
  ['ping', () => ({ cmd: 'ping' })],
  ['sync', (members) => ({ cmd: 'sync', isSync: members.flag('sync') })],
  ['reset', () => ({ cmd: 'reset' })],
  [
    'check_key_duration',
    (members) => ({
      cmd: 'check_key_duration',
      trackId: members.required('id', members.integer('id', UINT32)),
      durationMs: members.required('duration', members.integer('duration')),
    }),
  ],
]);

/** Reads the payload of a `DTCM` frame. Throws `ProtocolError`; not for an unknown command, which is `other`. */
export function parseCommand(payload: DtscObject, { offset = 0 }: ParseContext = {}): Command {
  const members = new Members(payload, { what: 'command', offset });
  const name = members.required('cmd', members.text('cmd'));
  const command = PARSERS.get(name)?.(members) ?? { cmd: 'other', name };
  return { ...command, extra: members.rest() };
}

function takeStream(members: Members): string {
  return members.required('stream', members.text('stream'));
}
