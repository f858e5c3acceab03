import { relative } from 'node:path';
import { Writable } from 'node:stream';
import { createVitest, type Vitest } from 'vitest/node';
import { CompactReporter } from './compact-reporter.ts';
import { Progress } from './progress.ts';
import { judge, lastLine, type Verdict } from './verdict.ts';

export interface TierRun {
  readonly root: string;
  /** Config file below `root`. */
  readonly config: string;
  /** Parts of file paths; none means all files of the tier. */
  readonly filters: readonly string[];
  readonly testNamePattern?: string;
  readonly requireServices: boolean;
  /** A tier may have no files yet. Only without filters: a filter that matches nothing is a mistake. */
  readonly mayBeEmpty: boolean;
}

/** Runs a tier in this process (its files in child processes) and says what came of it. Throws where vitest itself breaks. */
export async function runTier(run: TierRun): Promise<Verdict> {
  const reporter = new CompactReporter(
    new Progress(process.stdout, () => (process.stdout.isTTY ? process.stdout.columns : undefined)),
  );
  const vitest = await createVitest(
    {
      root: run.root,
      config: run.config,
      watch: false,
      reporters: [reporter],
      ...(run.testNamePattern === undefined ? {} : { testNamePattern: run.testNamePattern }),
    },
    {},
    { stdout: quiet(), stderr: process.stderr },
  );
  try {
    const files = await vitest.globTestSpecifications([...run.filters]);
    if (files.length === 0) return nothingFound(run);
    await vitest.start([...run.filters]);
    return verdictOf(vitest, reporter, run);
  } finally {
    await vitest.close();
  }
}

function verdictOf(vitest: Vitest, reporter: CompactReporter, run: TierRun): Verdict {
  const { tally } = reporter;
  if (!tally)
    throw new Error(
      `vitest ended without a result (${vitest.state
        .getPaths()
        .map((path) => relative(run.root, path))
        .join(', ')})`,
    );
  return judge(tally, { requireServices: run.requireServices, namePattern: run.testNamePattern !== undefined });
}

function nothingFound(run: TierRun): Verdict {
  if (run.mayBeEmpty && run.filters.length === 0) {
    return { lines: ['This tier has no test files yet.', lastLine(0, 0)], exitCode: 0 };
  }
  const what =
    run.filters.length > 0 ? `No test file of this tier matches: ${run.filters.join(' ')}` : 'No test file was found.';
  return { lines: [what, lastLine(0, 1)], exitCode: 1 };
}

/** What workers write past the console, and vitest's own chatter, would tear the progress line; failures go to stderr. */
function quiet(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}
