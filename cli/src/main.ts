import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { systemClock } from '@frameworks/std';
import type { StopRequest } from './io.ts';

// Before anything else is loaded: a Ctrl-C during the first half second counts too.
const requests: StopRequest[] = [];
const handlers: ((request: StopRequest) => void)[] = [];
const announce = (request: StopRequest): void => {
  requests.push(request);
  for (const handle of handlers) handle(request);
};
const crash = (error: unknown): void =>
  announce({ kind: 'crash', reason: error instanceof Error ? error.message : String(error) });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => announce({ kind: 'signal' }));
process.on('uncaughtException', crash);
process.on('unhandledRejection', crash);
// A reader that went away (`frameworks up | head`) must not turn into a crash.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

// Database drivers read these behind the back of the services' settings, which alone say where and how to connect.
for (const name of Object.keys(process.env)) if (/^PG[A-Z]+$/.test(name)) delete process.env[name];

// Stripping types and compiling is a third of the time to load; where the directory cannot be written nothing is lost.
enableCompileCache(join(import.meta.dirname, '../../node_modules/.cache/node-compile'));

const { run } = await import('./run.ts');
const code = await run(process.argv.slice(2), {
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
  // Some terminals claim no width at all; a list redrawn there is one letter wide.
  live: process.stdout.isTTY === true && process.stdout.columns >= 40 && process.env.TERM !== 'dumb' && !process.env.CI,
  env: process.env,
  cwd: process.cwd(),
  clock: systemClock,
  onStopRequest: (handle) => {
    handlers.push(handle);
    for (const request of requests) handle(request);
  },
});
process.exit(code);
