import type { Clock } from '@frameworks/std';
import type { Logger } from '../log.ts';
import type { CallMetrics } from './metrics.ts';

export interface Denial {
  method: string;
  reason: string;
  /** A bounded name, see `callerLabel`. */
  caller: string;
  /** SPIFFE URI, when there is one. */
  peer: string | undefined;
  /** Id of the user, when there is one. */
  actor: string | undefined;
}

interface Quiet {
  untilMs: number;
  suppressed: number;
}

/** One line per kind of denial in this time, milliseconds: whoever is refused must not be able to fill our disk. */
const quietMs = 10_000;
/** Kinds remembered at once. Beyond, all others share one place. */
const maxKinds = 512;
const otherKinds = '';

/** Counts every denial and logs the first of each kind; the next line of that kind says how many were left out in between. */
export class DenialLog {
  readonly #log: Logger;
  readonly #metrics: CallMetrics;
  readonly #clock: Clock;
  readonly #quiet = new Map<string, Quiet>();

  constructor({ log, metrics, clock }: { log: Logger; metrics: CallMetrics; clock: Clock }) {
    this.#log = log;
    this.#metrics = metrics;
    this.#clock = clock;
  }

  denied(denial: Denial): void {
    const { method, reason, caller } = denial;
    this.#metrics.denied({ method, reason, caller });
    const nowMs = this.#clock.monotonic();
    const kind = this.#kindOf(`${method} ${reason} ${caller}`, nowMs);
    const quiet = this.#quiet.get(kind);
    if (quiet && nowMs < quiet.untilMs) {
      quiet.suppressed++;
      return;
    }
    this.#quiet.set(kind, { untilMs: nowMs + quietMs, suppressed: 0 });
    this.#log.warn({ event: 'rpc_denied', ...denial, suppressed: quiet?.suppressed ?? 0 }, 'call denied');
  }

  #kindOf(kind: string, nowMs: number): string {
    if (this.#quiet.has(kind) || this.#quiet.size < maxKinds) return kind;
    // What it leaves out here is still in the metrics.
    for (const [known, { untilMs }] of this.#quiet) if (nowMs >= untilMs) this.#quiet.delete(known);
    return this.#quiet.size < maxKinds ? kind : otherKinds;
  }
}
