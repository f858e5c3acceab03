// Compares the contracts here with those of a git ref (default main) and fails on a change that breaks callers.
// Run in contracts/: npm run breaking [-- <ref>]
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** `buf` of this checkout, whatever the PATH is. */
const buf = join(dirname(createRequire(import.meta.url).resolve('@bufbuild/buf/package.json')), 'bin', 'buf');

function git(...args: string[]): { ok: boolean; stdout: string } {
  const { status, stdout } = spawnSync('git', args, { encoding: 'utf8' });
  return { ok: status === 0, stdout: stdout.trim() };
}

/** Archived rather than cloned: works in a worktree and a shallow clone too. */
function compareWith(tree: string): number {
  const directory = mkdtempSync(join(tmpdir(), 'contracts-'));
  try {
    const archive = join(directory, 'against.tar');
    // From the top: below it, git archive looks for the current directory inside the tree it is given.
    execFileSync('git', ['archive', '--format=tar', `--output=${archive}`, tree], {
      cwd: git('rev-parse', '--show-toplevel').stdout,
    });
    return spawnSync(process.execPath, [buf, 'breaking', '--against', archive], { stdio: 'inherit' }).status ?? 1;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function main(ref: string): number {
  if (!git('rev-parse', '--verify', '--quiet', `${ref}^{commit}`).ok) {
    process.stderr.write(`breaking: there is no git ref "${ref}" here; fetch it or name another one.\n`);
    return 1;
  }
  const tree = `${ref}:${git('rev-parse', '--show-prefix').stdout.replace(/\/$/, '')}`;
  if (!git('cat-file', '-e', `${tree}/buf.yaml`).ok) {
    process.stdout.write(`breaking: "${ref}" has no contracts, so there is nothing to break.\n`);
    return 0;
  }
  const status = compareWith(tree);
  if (status === 0) process.stdout.write(`breaking: nothing here breaks callers of "${ref}".\n`);
  return status;
}

process.exitCode = main(process.argv[2] ?? 'main');
