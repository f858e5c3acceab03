import { decideSignal } from '@frameworks/kit/stop-request';
import type { ExitCode, Io } from './io.ts';

/** Requests to end, as a command wants to know of them. */
export interface StopWatch {
  /** Aborts with the first request. */
  readonly signal: AbortSignal;
  /** Resolves with the first request, with the exit code that the end will have. */
  readonly asked: Promise<ExitCode>;
  /** Resolves when somebody insists: a later signal, not the same Ctrl-C arriving by a second way. */
  readonly forced: Promise<ExitCode>;
}

/** Watches from now on, and answers the person at once. */
export function watchStopRequests(io: Pick<Io, 'onStopRequest' | 'clock' | 'out' | 'err'>): StopWatch {
  const controller = new AbortController();
  const asked = Promise.withResolvers<ExitCode>();
  const forced = Promise.withResolvers<ExitCode>();
  let begun: number | undefined;
  io.onStopRequest((request) => {
    if (request.kind === 'crash') io.err(`frameworks: unexpected: ${request.reason}; stopping. This is a bug of ours.`);
    const now = io.clock.monotonic();
    const decision = request.kind === 'crash' && begun !== undefined ? 'ignore' : decideSignal(begun, now);
    if (decision === 'stop') {
      begun = now;
      io.out('Stopping …');
      controller.abort(new Error('told to stop'));
      asked.resolve(request.kind === 'crash' ? 1 : 0);
    } else if (decision === 'force') {
      io.err('Told to stop again: not waiting any longer; what still runs ends by itself.');
      forced.resolve(1);
    }
  });
  return { signal: controller.signal, asked: asked.promise, forced: forced.promise };
}
