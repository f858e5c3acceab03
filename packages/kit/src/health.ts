import { type Clock, withDeadline } from '@frameworks/std';
import { summarizeError } from './describe-error.ts';
import { redactText } from './redact.ts';

export interface HealthCheckResult {
  readonly name: string;
  readonly ok: boolean;
  /** One line for the operator; empty when there is nothing to say. Contains no secret. */
  readonly detail: string;
}

/** Ready = every check is ok. */
export interface HealthReport {
  readonly ready: boolean;
  readonly checks: readonly HealthCheckResult[];
}

/** Throws (or rejects with) what is wrong. A text it gives is a remark for the operator. Must obey the signal. */
export type HealthCheck = (signal: AbortSignal) => unknown;

/** Long enough for a slow round trip to a store, short enough for a load balancer that asks every few seconds. */
const defaultTimeoutMs = 2_000;

/** The named checks of one service. All run at once, each within its time; one that hangs or throws is not ok. */
export class Health {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #checks = new Map<string, HealthCheck>();
  #report: Promise<HealthReport> | undefined;

  constructor({ clock, timeoutMs = defaultTimeoutMs }: { readonly clock: Clock; readonly timeoutMs?: number }) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** Adds a check, replacing one of the same name. Returns a function that takes it away again. */
  check(name: string, check: HealthCheck): () => void {
    this.#checks.set(name, check);
    return () => {
      if (this.#checks.get(name) === check) this.#checks.delete(name);
    };
  }

  /** Runs every check. Callers at the same time share one run, so probing hard costs the stores nothing extra. */
  report(): Promise<HealthReport> {
    this.#report ??= this.#run().finally(() => {
      this.#report = undefined;
    });
    return this.#report;
  }

  async #run(): Promise<HealthReport> {
    const checks = await Promise.all([...this.#checks].map(([name, check]) => this.#ask(name, check)));
    return { ready: checks.every(({ ok }) => ok), checks };
  }

  async #ask(name: string, check: HealthCheck): Promise<HealthCheckResult> {
    try {
      const options = { clock: this.#clock, what: 'the check' };
      const detail = await withDeadline(async (signal) => check(signal), this.#timeoutMs, options);
      return { name, ok: true, detail: typeof detail === 'string' ? redactText(detail) : '' };
    } catch (error) {
      return { name, ok: false, detail: redactText(summarizeError(error)) };
    }
  }
}

/** Reports of several parts as one; names become `part/check`. */
export function mergeReports(reports: Readonly<Record<string, HealthReport>>): HealthReport {
  const parts = Object.entries(reports);
  return {
    ready: parts.every(([, report]) => report.ready),
    checks: parts.flatMap(([part, report]) =>
      report.checks.map((check) => ({ ...check, name: `${part}/${check.name}` })),
    ),
  };
}
