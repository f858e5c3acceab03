import type { SerializedError } from 'vitest';
import type { TestCase, TestModule, TestSuite } from 'vitest/node';

/** One thing that went wrong: a test, a hook, a file that cannot be loaded, or an error nobody awaited. */
export interface Failure {
  readonly title: string;
  readonly errors: readonly unknown[];
  /** The module it happened in, so that errors can be mapped to its source; undefined for an error outside every test. */
  readonly module?: TestModule;
}

/** Tests that did not run, grouped by the suite that was skipped as a whole. */
export interface SkippedSuite {
  readonly file: string;
  /** The outermost skipped suite, or the test itself where only one test was skipped. */
  readonly name: string;
  readonly tests: number;
  /** What the test said when it skipped itself, by `context.skip(note)`. */
  readonly note?: string;
}

export interface Tally {
  readonly passed: number;
  readonly failures: readonly Failure[];
  readonly skipped: readonly SkippedSuite[];
}

/** Counts a finished run. A broken hook or file counts as one failure, and what it kept from running does not count as skipped. */
export function tallyRun(modules: readonly TestModule[], unhandled: readonly SerializedError[]): Tally {
  let passed = 0;
  const failures: Failure[] = [];
  const skipped = new Map<string, SkippedSuite>();
  for (const module of modules) {
    failures.push(...brokenHooks(module));
    if (module.state() === 'queued' || module.state() === 'pending') failures.push(neverFinished(module));
    for (const test of module.children.allTests()) {
      const result = test.result();
      if (result.state === 'passed') passed += 1;
      else if (result.state === 'failed') failures.push({ title: titleOf(test), errors: result.errors, module });
      else if (result.state === 'skipped' && !isBelowFailure(test)) addSkip(skipped, test, result.note);
    }
  }
  for (const error of unhandled) failures.push({ title: 'an error that no test awaited', errors: [error] });
  return { passed, failures, skipped: [...skipped.values()] };
}

function brokenHooks(module: TestModule): Failure[] {
  const found = [module, ...module.children.allSuites()].filter((suite) => suite.errors().length > 0);
  return found.map((suite) => ({
    title: suite.type === 'module' ? suite.relativeModuleId : titleOf(suite),
    errors: suite.errors(),
    module,
  }));
}

function neverFinished(module: TestModule): Failure {
  return {
    title: module.relativeModuleId,
    errors: [new Error('the file never finished: its process ended early')],
    module,
  };
}

function isBelowFailure(test: TestCase): boolean {
  for (let parent: TestSuite | TestModule = test.parent; ; parent = parent.parent) {
    if (parent.errors().length > 0) return true;
    if (parent.type === 'module') return false;
  }
}

function addSkip(skipped: Map<string, SkippedSuite>, test: TestCase, note: string | undefined): void {
  const file = test.module.relativeModuleId;
  const name = outermostSkipped(test);
  const key = JSON.stringify([file, name, note]);
  const tests = (skipped.get(key)?.tests ?? 0) + 1;
  skipped.set(key, note === undefined ? { file, name, tests } : { file, name, tests, note });
}

function outermostSkipped(test: TestCase): string {
  let name = test.fullName;
  for (let parent: TestSuite | TestModule = test.parent; parent.type === 'suite'; parent = parent.parent) {
    if (parent.options.mode === 'skip') name = parent.fullName;
  }
  return name;
}

function titleOf(entity: TestCase | TestSuite): string {
  return `${entity.module.relativeModuleId} > ${entity.fullName}`;
}
