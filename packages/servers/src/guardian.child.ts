import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { startGuarded } from './guardian.ts';

/** A launcher that starts a program, sends its pid and waits to be killed. */
const dir = process.argv[2] ?? '';
const log = await open(join(dir, 'log'), 'a');
const argv = ['/bin/sleep', '600'];
const options = {
  argv,
  env: {},
  pidFile: join(dir, 'pid'),
  logFd: log.fd,
  stopSignal: 'TERM',
  patienceMs: 5000,
} as const;
const { pid } = await startGuarded(options);
process.send?.(pid);
