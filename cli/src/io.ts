import type { Clock } from '@frameworks/std';

/** Why the process should end: somebody asked, or a bug surfaced outside of any call. */
export type StopRequest = { readonly kind: 'signal' } | { readonly kind: 'crash'; readonly reason: string };

/** Everything a command may touch of the process it runs in, so that its output is tested without one. */
export interface Io {
  /** One line to standard output, for what was asked for. */
  out(line: string): void;
  /** One line to standard error, for what went wrong. */
  err(line: string): void;
  /** Is standard output a terminal that can be redrawn? */
  readonly live: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly clock: Clock;
  /** Calls `handle` for every request to end, also for those that came before. */
  onStopRequest(handle: (request: StopRequest) => void): void;
}

/** 0: as asked. 1: it could not be done. 2: wrong arguments or configuration. */
export type ExitCode = 0 | 1 | 2;
