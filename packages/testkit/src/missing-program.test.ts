import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { tempDir } from './index.ts';

interface Report {
  readonly testResults: readonly { readonly assertionResults: readonly { fullName: string; status: string }[] }[];
}

/** Runs the fixtures where no Redis is installed. */
async function runWithoutRedis(env: Record<string, string>): Promise<{ code: unknown; results: [string, string][] }> {
  const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
  const config = fileURLToPath(new URL('../fixtures/vitest.config.ts', import.meta.url));
  const { PATH = '' } = process.env;
  const dir = await tempDir();
  const file = join(dir, 'report.json');
  const run = spawn(process.execPath, [vitest, 'run', '--config', config, '--reporter=json', `--outputFile=${file}`], {
    env: { PATH, FRAMEWORKS_TEST_PATH: dir, ...env },
    stdio: 'ignore',
  });
  const [code] = await once(run, 'close');
  const report = JSON.parse(await readFile(file, 'utf8')) as Report; // the reporter's own format
  const results = report.testResults.flatMap(({ assertionResults }) => assertionResults);
  return { code, results: results.map(({ fullName, status }) => [fullName, status]) };
}

const advice = 'redis-server is not installed: npm run setup:services';

it('skips under a name that says what is missing', async () => {
  expect(await runWithoutRedis({})).toEqual({
    code: 0,
    results: [
      [`with a server (redis) skipped: ${advice} needs its server`, 'skipped'],
      [`needing a server (redis) skipped: ${advice} needs its server`, 'skipped'],
    ],
  });
});

it('fails where services are required', async () => {
  expect(await runWithoutRedis({ REQUIRE_SERVICES: '1' })).toEqual({
    code: 1,
    results: [
      ['with a server (redis) has the server it needs', 'failed'],
      ['needing a server (redis) has the server it needs', 'failed'],
    ],
  });
});
