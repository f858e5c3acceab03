/** One thing a person must change before anything can start. `subject` is the variable or option it is about. */
export interface Mistake {
  subject: string;
  message: string;
}

/** The fleet was asked for something that cannot be: nothing was started. Exit code 2. */
export class FleetConfigError extends Error {
  override readonly name = 'FleetConfigError';
  readonly mistakes: readonly Mistake[];

  constructor(mistakes: readonly Mistake[]) {
    super(mistakes.map((mistake) => `${mistake.subject}: ${mistake.message}`).join('\n'));
    this.mistakes = mistakes;
  }
}

/** The machine is not as needed (port taken, program missing, directory in use): one sentence that says what to do. Exit code 1. */
export class FleetRefusedError extends Error {
  override readonly name = 'FleetRefusedError';
}

/** A step of the start failed after others had succeeded; all of it has been stopped again when a caller sees this. Exit code 1. */
export class FleetStartError extends Error {
  override readonly name = 'FleetStartError';
  /** What was being started: a service's or a server's name. */
  readonly step: string;
  /** Where the whole story is; undefined when the step has no log. */
  readonly logFile: string | undefined;
  /** The log's last lines, oldest first. */
  readonly logTail: readonly string[];

  constructor(options: {
    step: string;
    message: string;
    logFile?: string;
    logTail?: readonly string[];
    cause?: unknown;
  }) {
    super(options.message, { cause: options.cause });
    this.step = options.step;
    this.logFile = options.logFile;
    this.logTail = options.logTail ?? [];
  }
}
