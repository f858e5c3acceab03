import type { Writable } from 'node:stream';

/** Where nobody can watch a line being rewritten, a run that stays quiet this long says what it is doing. */
const QUIET_MS = 20_000;
const REFRESH_MS = 500;

export interface FileResult {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly durationMs: number;
}

/** Shows a person that the run is alive: a line per file, and on a terminal one rewritten line with what runs now. */
export class Progress {
  readonly #out: Writable;
  readonly #columns: () => number | undefined;
  readonly #running = new Map<string, number>();
  #total = 0;
  #done = 0;
  #lastLineAt = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `columns` gives a terminal's width, undefined where the output is not a terminal. */
  constructor(out: Writable, columns: () => number | undefined) {
    this.#out = out;
    this.#columns = columns;
  }

  begin(files: number): void {
    this.#total = files;
    this.#line(`${files} test ${files === 1 ? 'file' : 'files'}`);
    this.#timer = setInterval(() => this.#tick(), REFRESH_MS).unref();
  }

  fileStarted(file: string): void {
    this.#running.set(file, Date.now());
  }

  fileEnded(file: string, result: FileResult): void {
    this.#running.delete(file);
    this.#done += 1;
    this.#line(`${markOf(result)} ${file}  ${describe(result)}`);
  }

  end(): void {
    clearInterval(this.#timer);
    this.#wipe();
  }

  #tick(): void {
    const columns = this.#columns();
    if (columns === undefined) {
      if (Date.now() - this.#lastLineAt >= QUIET_MS) this.#line(`  ${this.#status()}`);
      return;
    }
    this.#wipe();
    this.#out.write(`  ${this.#status()}`.slice(0, columns - 1));
  }

  #status(): string {
    const running = [...this.#running].map(([file, since]) => `${file} ${seconds(Date.now() - since)}`);
    return `${this.#done}/${this.#total} files${running.length > 0 ? `, running ${running.join(', ')}` : ''}`;
  }

  #line(text: string): void {
    this.#wipe();
    this.#out.write(`${text}\n`);
    this.#lastLineAt = Date.now();
  }

  #wipe(): void {
    if (this.#columns() !== undefined) this.#out.write('\r\x1b[2K');
  }
}

function markOf(result: FileResult): string {
  if (result.failed > 0) return 'FAIL';
  return result.passed > 0 ? 'ok  ' : 'skip';
}

function describe({ passed, failed, skipped, durationMs }: FileResult): string {
  const counts = [`${passed} passed`];
  if (failed > 0) counts.push(`${failed} failed`);
  if (skipped > 0) counts.push(`${skipped} skipped`);
  return `${counts.join(', ')}, ${seconds(durationMs)}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
}
