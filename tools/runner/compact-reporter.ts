import type { SerializedError } from 'vitest';
import type { Reporter, TestModule, Vitest } from 'vitest/node';
import type { Progress } from './progress.ts';
import { type Tally, tallyRun } from './tally.ts';

/** A test's own output is kept only this far back: enough to see what led to a failure. */
const KEPT_OUTPUT_CHARS = 8_000;

type ConsoleLog = Parameters<NonNullable<Reporter['onUserConsoleLog']>>[0];

/** One line per finished file while the run goes on; failures in full at the end, with what the failing file printed. */
export class CompactReporter implements Reporter {
  /** Set once the run has ended; undefined means that it broke off. */
  tally: Tally | undefined;
  readonly #progress: Progress;
  readonly #output = new Map<string, string>();
  #vitest: Vitest | undefined;

  constructor(progress: Progress) {
    this.#progress = progress;
  }

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestRunStart(specifications: readonly unknown[]): void {
    this.#progress.begin(specifications.length);
  }

  onTestModuleStart(module: TestModule): void {
    this.#progress.fileStarted(module.relativeModuleId);
  }

  onTestModuleEnd(module: TestModule): void {
    const one = tallyRun([module], []);
    const skipped = one.skipped.reduce((sum, suite) => sum + suite.tests, 0);
    this.#progress.fileEnded(module.relativeModuleId, {
      passed: one.passed,
      failed: one.failures.length,
      skipped,
      durationMs: module.diagnostic().duration,
    });
  }

  onUserConsoleLog(log: ConsoleLog): void {
    const file = this.#fileOf(log.taskId);
    this.#output.set(file, ((this.#output.get(file) ?? '') + log.content).slice(-KEPT_OUTPUT_CHARS));
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    this.#progress.end();
    this.tally = tallyRun(modules, unhandled);
    this.#printFailures(this.tally);
  }

  #printFailures(tally: Tally): void {
    const logger = this.#vitest?.logger;
    const files = new Set<string>();
    for (const { title, errors, module } of tally.failures) {
      logger?.error(`\nFAILED ${title}`);
      for (const error of errors) logger?.printError(error, module ? { project: module.project } : {});
      files.add(module?.relativeModuleId ?? '');
    }
    for (const file of files) {
      const output = this.#output.get(file);
      if (output) logger?.error(`\nPrinted by ${file || 'no test in particular'}:\n${output}`);
    }
  }

  #fileOf(taskId: string | undefined): string {
    const task = taskId === undefined ? undefined : this.#vitest?.state.idMap.get(taskId);
    return task?.file.name ?? '';
  }
}
