import { type FindProgram, reasonFor } from './skips.ts';
import type { SkippedSuite, Tally } from './tally.ts';

export interface VerdictOptions {
  /** A skipped suite is a failure: set where every server is supposed to be installed. */
  readonly requireServices: boolean;
  /** `-t` leaves most tests of a file out on purpose; they are no news. */
  readonly namePattern: boolean;
  readonly find?: FindProgram;
}

export interface Verdict {
  /** What to print, the last line being exactly `N passed, N failed` or `N passed, N failed, N skipped`. */
  readonly lines: readonly string[];
  readonly exitCode: 0 | 1;
}

/** Decides what a finished run means. A run that executed nothing has failed: silence is not success. */
export function judge(tally: Tally, { requireServices, namePattern, find }: VerdictOptions): Verdict {
  const skips = namePattern ? [] : tally.skipped;
  const lines = skips.map((suite) => {
    const mark = requireServices ? 'SKIPPED (a failure with REQUIRE_SERVICES=1)' : 'skipped';
    return `${mark}: ${suite.file} > ${nameOf(suite)} (${suite.tests}): ${reasonFor(suite, find)}`;
  });
  const skipped = skips.reduce((sum, suite) => sum + suite.tests, 0);
  let failed = tally.failures.length + (requireServices ? skipped : 0);
  if (tally.passed === 0 && failed === 0) {
    lines.push('No test was executed.');
    failed = 1;
  }
  lines.push(lastLine(tally.passed, failed, requireServices ? 0 : skipped));
  return { lines, exitCode: failed > 0 ? 1 : 0 };
}

/** Without the reason that a suite may carry in its name: it follows anyway. */
function nameOf(suite: SkippedSuite): string {
  return suite.name.replace(/ skipped: .+$/, '');
}

/** The line that people and machines look for at the end of every run. */
export function lastLine(passed: number, failed: number, skipped = 0): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
