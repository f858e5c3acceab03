import { type Clock, systemClock } from '@frameworks/std';
import type { Io, StopRequest } from '../src/io.ts';

/** A process that only remembers. */
export interface FakeIo extends Io {
  readonly lines: string[];
  readonly errors: string[];
  /** As a signal or a crash would. */
  request(request: StopRequest): void;
}

export function createFakeIo(options: { cwd?: string; clock?: Clock; env?: Io['env'] } = {}): FakeIo {
  const lines: string[] = [];
  const errors: string[] = [];
  const handlers: ((request: StopRequest) => void)[] = [];
  return {
    lines,
    errors,
    out: (text) => void lines.push(...text.split('\n')),
    err: (text) => void errors.push(...text.split('\n')),
    live: false,
    env: options.env ?? {},
    cwd: options.cwd ?? '/nowhere',
    clock: options.clock ?? systemClock,
    onStopRequest: (handle) => void handlers.push(handle),
    request: (request) => {
      for (const handle of handlers) handle(request);
    },
  };
}
