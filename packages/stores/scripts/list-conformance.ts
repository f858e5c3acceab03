/**
 * Prints what every adapter of every seam is held to, by name, as vitest collects it: nothing is run and no server needed,
 * but an adapter whose server is not installed shows as skipped. `npm run conformance -w @frameworks/stores [-- sql]`.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** Where each seam's suite meets its adapters, and how the group of an adapter begins. */
const seams = {
  sql: { files: ['sql/sql.pg.test.ts'], group: 'sql ' },
  kv: { files: ['kv/memory/memory.test.ts', 'kv/redis/redis.redis.test.ts'], group: 'kv conformance' },
  objects: { files: ['objects/file/file.test.ts'], group: 'objects conformance' },
} as const;

const root = resolve(import.meta.dirname, '../../..');

/** `<group> > <case>` for every case of these files. */
function listCases(files: readonly string[]): string[] {
  const dir = mkdtempSync(join(tmpdir(), 'conformance-'));
  try {
    const report = join(dir, 'cases.json');
    const paths = files.map((file) => `packages/stores/src/${file}`);
    const vitest = join(root, 'node_modules/vitest/vitest.mjs');
    // Static parsing would not see cases that come from a list.
    const args = [vitest, 'list', ...paths, '--root', root, '--staticParse=false', `--json=${report}`];
    execFileSync(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    // The format of vitest's own report.
    const cases: { name: string }[] = JSON.parse(readFileSync(report, 'utf8'));
    return cases.map(({ name }) => name);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

const lines: string[] = [];
const wanted = process.argv.slice(2);
for (const [seam, { files, group }] of Object.entries(seams)) {
  if (wanted.length > 0 && !wanted.includes(seam)) continue;
  const adapters = Map.groupBy(
    listCases(files).filter((name) => name.startsWith(group)),
    (name) => name.slice(0, name.indexOf(' > ')),
  );
  for (const [adapter, cases] of adapters) {
    lines.push(`${seam}: ${adapter}, ${cases.length} cases`);
    for (const name of cases) lines.push(`  ${name.slice(adapter.length + ' > '.length)}`);
  }
}
// A pager that has seen enough is no failure.
process.stdout.once('error', () => process.exit(0));
process.stdout.write(`${lines.join('\n')}\n`);
