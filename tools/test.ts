// `npm test` and `npm run test:long`. Usage: node tools/test.ts short|long [-t name] [part of a path…]
// --root runs another folder's config files: the tests of this runner need that.
import './runner/no-color.ts';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { runTier } from './runner/run-tier.ts';
import { lastLine } from './runner/verdict.ts';

const CONFIGS: Readonly<Record<string, string>> = { short: 'vitest.config.ts', long: 'vitest.long.config.ts' };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    testNamePattern: { type: 'string', short: 't' },
    root: { type: 'string', default: dirname(import.meta.dirname) },
  },
});
const [tier = '', ...filters] = positionals;
const config = CONFIGS[tier];
if (config === undefined) {
  console.error('Usage: node tools/test.ts short|long [-t name] [part of a path…]');
  process.exit(2);
}

// Whatever ends this process early, a signal or a crash inside vitest, the last line still tells the truth.
let finished = false;
process.once('exit', () => {
  if (finished) return;
  console.log('The run ended before its tests did.');
  console.log(lastLine(0, 1));
  process.exitCode = process.exitCode || 1;
});

try {
  const verdict = await runTier({
    root: values.root,
    config,
    filters,
    ...(values.testNamePattern === undefined ? {} : { testNamePattern: values.testNamePattern }),
    requireServices: process.env.REQUIRE_SERVICES === '1',
    mayBeEmpty: tier === 'long',
  });
  console.log(`\n${verdict.lines.join('\n')}`);
  finished = true;
  // Not process.exit: the lines above may still be on their way down a pipe. Nothing else is left open that could hold the process.
  process.exitCode = verdict.exitCode;
} catch (error) {
  console.error(error);
}
