import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { claimDirectory, isPortFree } from '@frameworks/servers';

/** TCP ports on loopback, ours alone among all test processes until `release` or the end of this process. */
export interface PortBlock {
  /** The first; the block is `base` to `base + size - 1`. */
  readonly base: number;
  readonly size: number;
  release(): Promise<void>;
}

const blockSize = 100;
/** Below 32768, where Linux begins to take ports for outgoing connections. */
const firstBase = 20_000;
const blockCount = 120;

/**
 * Takes 100 consecutive ports. Test files run in parallel processes, and "find a free port, use it later" lets two of them
 * find the same one; so blocks are claimed by files in the temporary directory, which a dead process gives up by itself.
 */
export async function claimPortBlock(): Promise<PortBlock> {
  const start = Math.floor(Math.random() * blockCount);
  for (let offset = 0; offset < blockCount; offset++) {
    const base = firstBase + ((start + offset) % blockCount) * blockSize;
    const claim = await claimDirectory(join(tmpdir(), `frameworks-ports-${process.getuid?.() ?? 0}`, String(base)));
    if (claim === undefined) continue;
    // One stranger in the block spoils it for a fleet, which counts on consecutive ports.
    if (await isBlockFree(base)) return { base, size: blockSize, release: () => claim.release() };
    await claim.release();
  }
  throw new Error(`no free block of ${blockSize} ports between ${firstBase} and ${firstBase + blockCount * blockSize}`);
}

async function isBlockFree(base: number): Promise<boolean> {
  const free = await Promise.all(Array.from({ length: blockSize }, (_, index) => isPortFree(base + index)));
  return free.every(Boolean);
}

let shared: Promise<PortBlock> | undefined;
let used = 0;

/** A port on loopback that no other test process is given. */
export async function freePort(): Promise<number> {
  shared ??= claimPortBlock();
  const { base, size } = await shared;
  while (used < size) {
    const port = base + used++;
    if (await isPortFree(port)) return port;
  }
  shared = undefined;
  used = 0;
  return freePort();
}
