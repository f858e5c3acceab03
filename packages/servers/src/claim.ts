import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sleep } from '@frameworks/std';
import { findProcessIdentity } from './process-table.ts';

/** A directory held by this process. Release it when done; the death of the process releases it too. */
export interface Claim {
  release(): Promise<void>;
}

const prefix = 'claim-';
let claimsMade = 0;

/**
 * Takes `dir` for this process; undefined when another living claim holds it (this process's own earlier one counts).
 *
 * Protocol: put down a file named for this process's life, then look around. Whoever sees another living claim withdraws.
 * Two that look at the same moment both withdraw and try again after a random pause, so there is never more than one holder;
 * and since the name of a dead process is never used again, anybody may sweep away a dead claim at any time. No lock file has
 * to be taken over, which is where such schemes go wrong.
 */
export async function claimDirectory(dir: string): Promise<Claim | undefined> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  for (let attempt = 0; attempt < 5; attempt++) {
    const mine = await claimName();
    const path = join(dir, mine);
    await writeFile(path, '', { mode: 0o600 });
    const others = (await listLivingClaims(dir)).filter((name) => name !== mine);
    if (others.length === 0) return { release: () => rm(path, { force: true }) };
    await rm(path, { force: true });
    await sleep(20 + Math.random() * 60);
  }
  return undefined;
}

/** The pid of a living process that holds `dir`, for messages. */
export async function findClaimHolder(dir: string): Promise<number | undefined> {
  const [name] = await listLivingClaims(dir);
  return name === undefined ? undefined : pidOf(name);
}

/** Is this entry of a directory one of our claims? */
export function isClaimName(name: string): boolean {
  return name.startsWith(prefix);
}

async function claimName(): Promise<string> {
  claimsMade += 1;
  // Two module instances in one process (a test runner's) must not choose the same name.
  const nonce = Math.random().toString(36).slice(2, 8);
  return `${prefix}${await findProcessIdentity(process.pid)}.${claimsMade}${nonce}`;
}

async function listLivingClaims(dir: string): Promise<string[]> {
  const living: string[] = [];
  for (const name of (await readdir(dir)).filter(isClaimName)) {
    const identity = name.slice(prefix.length, name.lastIndexOf('.'));
    if ((await findProcessIdentity(pidOf(name))) === identity) living.push(name);
    else await rm(join(dir, name), { force: true });
  }
  return living;
}

function pidOf(name: string): number {
  return Number.parseInt(name.slice(prefix.length), 10);
}
