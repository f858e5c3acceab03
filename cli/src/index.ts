/** The `frameworks` command. */
export type { ExitCode, Io, StopRequest } from './io.ts';
export { run } from './run.ts';
