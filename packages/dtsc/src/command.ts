import type { DtscEntry } from './value.ts';

/** Members of a command that its kind does not name: of `play` and `push` these are its parameters. In wire order. */
interface Extra {
  readonly extra?: readonly DtscEntry[] | undefined;
}

/** A server's greeting, unasked for on accept. Nothing depends on it. */
export interface Hi extends Extra {
  readonly cmd: 'hi';
  readonly version?: string | undefined;
  readonly salt?: string | undefined;
  readonly packMethod?: number | undefined;
}

/** A client asks for a stream. Its other members are parameters of playback: see `playParameters` and `findParameter`. */
export interface Play extends Extra {
  readonly cmd: 'play';
  readonly stream: string;
  readonly version?: string | undefined;
}

/** A client offers a stream; its header and packets may follow at once. Its other members go to the receiver's admission. */
export interface Push extends Extra {
  readonly cmd: 'push';
  readonly stream: string;
  /** A secret. */
  readonly password?: string | undefined;
  readonly version?: string | undefined;
  /** Packets will be sorted by time over all tracks. */
  readonly isSync: boolean;
}

/** The answer to whatever came before; its text tells people which. */
export interface Ok extends Extra {
  readonly cmd: 'ok';
  readonly message?: string | undefined;
}

/** The last message: the sender closes after it. */
export interface Refusal extends Extra {
  readonly cmd: 'error';
  readonly message?: string | undefined;
}

/** Proves that the sender lives; to be answered by `PONG`. */
export interface Ping extends Extra {
  readonly cmd: 'ping';
}

/** From now on packets are sorted by time over all tracks, or no longer. */
export interface Sync extends Extra {
  readonly cmd: 'sync';
  readonly isSync: boolean;
}

/** To a client: the next header replaces all tracks. To a server: forget the selection of tracks. */
export interface Reset extends Extra {
  readonly cmd: 'reset';
}

/** A puller saw a keyframe come unusually late and asks whether that is so at the source. Answered by `ok`, or by `error` and a close. */
export interface CheckKeyDuration extends Extra {
  readonly cmd: 'check_key_duration';
  readonly trackId: number;
  readonly durationMs: number;
}

/** A command unknown here. Ignore it: so does MistServer. */
export interface OtherCommand extends Extra {
  readonly cmd: 'other';
  readonly name: string;
}

/** Everything a `DTCM` frame can say. */
export type Command = Hi | Play | Push | Ok | Refusal | Ping | Sync | Reset | CheckKeyDuration | OtherCommand;

/**
 * The answer to a ping. With this very capital: at the text `pong` a MistServer checks its selection of tracks anew, at every ping.
 */
export const PONG: Ok = { cmd: 'ok', message: 'Pong!' };
