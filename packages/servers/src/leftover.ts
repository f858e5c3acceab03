import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sleep } from '@frameworks/std';
import type { ServerKind } from './launch.ts';
import { findCommandLine, findProcessIdentity } from './process-table.ts';

const cleanStopMs = 10_000;
const afterKillMs = 5_000;

/**
 * Ends a server that a killed launcher and a killed guardian left in `dir`, or waits for one that its guardian is just
 * stopping. The pid file only says where to look: unless the process found there is this kind of server working in this very
 * directory, the pid belongs to a stranger by now and is left alone.
 */
export async function stopLeftover(
  kind: Pick<ServerKind, 'owns' | 'stopSignal'>,
  dir: string,
): Promise<'none' | 'stopped' | 'killed'> {
  const path = join(dir, 'server.pid');
  const pid = await readPid(path);
  const identity = pid === undefined ? undefined : await findProcessIdentity(pid);
  const argv = pid === undefined ? undefined : await findCommandLine(pid);
  if (pid === undefined || identity === undefined || argv === undefined || !kind.owns(argv, dir)) {
    await rm(path, { force: true });
    return 'none';
  }
  signalProcess(pid, `SIG${kind.stopSignal}`);
  let outcome: 'stopped' | 'killed' = 'stopped';
  if (!(await isGone(pid, identity, cleanStopMs))) {
    outcome = 'killed';
    signalProcess(pid, 'SIGKILL');
    await isGone(pid, identity, afterKillMs);
  }
  await rm(path, { force: true });
  return outcome;
}

async function isGone(pid: number, identity: string, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    if ((await findProcessIdentity(pid)) !== identity) return true;
    await sleep(20);
  }
  return false;
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended by itself in the meantime.
  }
}

async function readPid(path: string): Promise<number | undefined> {
  const pid = Number.parseInt(await readFile(path, 'utf8').catch(() => ''), 10);
  return Number.isInteger(pid) && pid > 1 ? pid : undefined;
}
