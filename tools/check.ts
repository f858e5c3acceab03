// `npm run check`: everything that needs no test run. All stages run, so that one look shows every mistake; one that passes
// only says so. `.ci/run` runs the same scripts.
import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';

interface Stage {
  readonly name: string;
  /** Arguments of `npm run`. */
  readonly script: readonly string[];
  readonly cure?: string;
}

const STAGES: readonly Stage[] = [
  { name: 'format and lint', script: ['lint'], cure: 'npm run format' },
  { name: 'types', script: ['types'] },
  { name: 'boundaries', script: ['boundaries'] },
  { name: 'contracts lint', script: ['lint', '-w', 'contracts'] },
  { name: 'generated code fresh', script: ['generate:check'], cure: 'npm run generate' },
  { name: 'unused code', script: ['knip'] },
];

const failed = STAGES.filter((stage) => !passes(stage)).map(({ name }) => name);
console.log(failed.length === 0 ? 'All checks passed.' : `Failed: ${failed.join(', ')}.`);
process.exitCode = failed.length === 0 ? 0 : 1;

function passes({ name, script, cure }: Stage): boolean {
  const startedAt = performance.now();
  const result = spawnSync('npm', ['run', '--silent', ...script], {
    cwd: dirname(import.meta.dirname),
    encoding: 'utf8',
    maxBuffer: 64 << 20,
    env: { ...process.env, NO_COLOR: '1' },
  });
  const ok = result.status === 0;
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${name}  ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  if (ok) return true;
  console.error(result.error?.message ?? result.stdout + result.stderr);
  if (cure) console.error(`Often cured by: ${cure}\n`);
  return false;
}
