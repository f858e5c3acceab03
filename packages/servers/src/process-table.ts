import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { promisify } from 'node:util';

/**
 * What the operating system says about other processes: `/proc` where there is one, `ps` elsewhere (macOS). A pid alone
 * never identifies a process, because pids are reused; every question here takes or gives more than that.
 */

const run = promisify(execFile);
const hasProc = process.platform === 'linux';

/**
 * A name for the life of one process that no later process gets: boot, pid and start time. Undefined when no such process
 * runs (a zombie does not).
 */
export async function findProcessIdentity(pid: number): Promise<string | undefined> {
  const started = hasProc ? await procStartTime(pid) : await psField(pid, 'lstart');
  return started === undefined ? undefined : `${pid}-${started.replaceAll(/[^0-9A-Za-z]+/g, '_')}`;
}

/** The command line of a running process, argument by argument; undefined when it is gone or not ours to see. */
export async function findCommandLine(pid: number): Promise<readonly string[] | undefined> {
  if (!hasProc) return (await psField(pid, 'command'))?.split(/\s+/);
  const raw = await readText(`/proc/${pid}/cmdline`);
  return raw === undefined || raw === '' ? undefined : raw.replace(/\0$/, '').split('\0');
}

/** Processes that work in `dir`: started with a path in it on their command line, or with their working directory there. */
export async function listProcessesUsing(dir: string): Promise<readonly { pid: number; command: string }[]> {
  const found: { pid: number; command: string }[] = [];
  for (const pid of await listPids()) {
    if (pid === process.pid) continue;
    const command = (await findCommandLine(pid))?.join(' ').trimEnd() ?? '';
    const cwd = hasProc ? await readlink(`/proc/${pid}/cwd`).catch(() => '') : '';
    if (mentions(command, dir) || cwd === dir || cwd.startsWith(`${dir}/`)) {
      if ((await findProcessIdentity(pid)) !== undefined) found.push({ pid, command });
    }
  }
  return found;
}

function mentions(command: string, dir: string): boolean {
  const at = command.indexOf(dir);
  return at !== -1 && /^(?:[/\s=]|$)/.test(command.slice(at + dir.length));
}

async function listPids(): Promise<number[]> {
  const names = hasProc ? await readdir('/proc') : (await run('ps', ['-axo', 'pid='])).stdout.split('\n');
  return names.map((name) => Number(name.trim())).filter((pid) => Number.isInteger(pid) && pid > 0);
}

async function procStartTime(pid: number): Promise<string | undefined> {
  const stat = await readText(`/proc/${pid}/stat`);
  // The second field is the program's name in brackets and may hold anything, so fields are counted after the last bracket.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields === undefined || fields[0] === 'Z' || fields[19] === undefined) return undefined;
  // Start times count from the boot, so the same pid and time can come back after one.
  const boot = (await readText('/proc/sys/kernel/random/boot_id'))?.slice(0, 8) ?? '';
  return `${fields[19]}-${boot}`;
}

async function psField(pid: number, field: string): Promise<string | undefined> {
  try {
    const text = (await run('ps', ['-o', `${field}=`, '-p', String(pid)], { env: { LC_ALL: 'C' } })).stdout.trim();
    return text === '' ? undefined : text;
  } catch {
    return undefined;
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
}
