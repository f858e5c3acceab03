// `npm run generate:check`: is the committed generated code what the contracts give? Generates into a temporary folder and
// compares, so that a check never changes the working tree.
import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Names of files that differ between two folders, or are in one of them only. Throws where `fresh` has no files at all. */
export function compareFolders(committed: string, fresh: string): string[] {
  const files = (folder: string) => globSync('**/*.ts', { cwd: folder });
  const expected = files(fresh);
  if (expected.length === 0) throw new Error('the generator made no files');
  const all = [...new Set([...expected, ...files(committed)])].sort();
  return all.filter((file) => read(join(committed, file)) !== read(join(fresh, file)));
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function main(): number {
  const contracts = join(dirname(import.meta.dirname), 'contracts');
  const scratch = mkdtempSync(join(tmpdir(), 'generated-'));
  try {
    const bin = join(dirname(contracts), 'node_modules', '.bin');
    const env = { ...process.env, PATH: `${bin}:${process.env.PATH ?? ''}` };
    const buf = spawnSync(join(bin, 'buf'), ['generate', '--output', scratch], {
      cwd: contracts,
      stdio: 'inherit',
      env,
    });
    if (buf.status !== 0) return 1;
    const stale = compareFolders(join(contracts, 'gen'), join(scratch, 'gen'));
    for (const file of stale) console.error(`contracts/gen/${file} is not what the contracts give`);
    if (stale.length > 0) console.error('Run `npm run generate` and commit the result.');
    return stale.length > 0 ? 1 : 0;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

if (import.meta.main) process.exitCode = main();
