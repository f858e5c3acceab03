/** Why a server could not be started; stable, callers switch on it. */
export type ServerStartReason =
  | 'PORT_IN_USE'
  | 'PROGRAM_MISSING'
  | 'DATA_DIR_IN_USE'
  | 'DATA_DIR_UNREADABLE'
  | 'DATA_DIR_VERSION'
  | 'INIT_FAILED'
  | 'START_FAILED';

/** A server program could not be started. `message` is one sentence that says what to do; it is shown to people as it is. */
export class ServerStartError extends Error {
  override readonly name = 'ServerStartError';
  readonly reason: ServerStartReason;
  /** The last lines the program wrote, where it ran at all; empty otherwise. */
  readonly logTail: string;

  constructor(reason: ServerStartReason, message: string, options: { cause?: unknown; logTail?: string } = {}) {
    super(message, { cause: options.cause });
    this.reason = reason;
    this.logTail = options.logTail ?? '';
  }
}
