import { abortable, assert, withDeadline } from '@frameworks/std';
import { summarizeError } from './describe-error.ts';
import { ServiceError } from './errors.ts';
import { Health, type HealthCheck, type HealthReport } from './health.ts';
import { Lifecycle, type Service, type StopFailure, type StopPhase } from './lifecycle.ts';
import { type Loop, type LoopOptions, runLoop } from './loop.ts';
import type { ServiceDeps } from './service.ts';

export type ScopedLoopOptions = Omit<LoopOptions, 'clock' | 'log' | 'signal'>;

/** What a service builds itself with while it starts. Everything registered here is undone when it stops. */
export interface ServiceScope extends ServiceDeps {
  /** Aborts when stopping begins, also in the middle of the start. */
  readonly signal: AbortSignal;
  /** Undo this when stopping: phases in order `accept`, `drain`, `loops`, `close`; the newest first within one. */
  onStop(phase: StopPhase, name: string, run: (signal: AbortSignal) => Promise<void> | void): void;
  /** A health check; the service is ready when it has started and all of them pass. */
  check(name: string, check: HealthCheck): void;
  /** A loop that ends with the service. */
  loop(options: ScopedLoopOptions): Loop;
}

export interface ServiceOptions {
  readonly deps: ServiceDeps;
  readonly stopTimeoutMs: number;
  /** Builds and starts everything. Resolves with the addresses it listens on, when ready to serve. */
  start(scope: ServiceScope): Promise<Readonly<Record<string, string>> | undefined>;
}

type State =
  | { readonly name: 'created' }
  | { readonly name: 'starting'; readonly ended: Promise<unknown> }
  | { readonly name: 'running'; readonly addresses: Readonly<Record<string, string>> }
  | { readonly name: 'failed' }
  | { readonly name: 'stopping'; readonly done: Promise<void> };

/** Share of the stop's time that a start under way gets to give up in. */
const startGiveUpShare = 0.25;

/** A `Service` from one function that starts it. Keeps the order of stopping, readiness, and a stop in mid-start right. */
export function createService(options: ServiceOptions): Service {
  return new ScopedService(options);
}

class ScopedService implements Service {
  readonly #options: ServiceOptions;
  readonly #lifecycle: Lifecycle;
  readonly #health: Health;
  #state: State = { name: 'created' };

  constructor(options: ServiceOptions) {
    const { clock, log } = options.deps;
    this.#options = options;
    this.#lifecycle = new Lifecycle({ clock, log, stopTimeoutMs: options.stopTimeoutMs });
    this.#health = new Health({ clock });
  }

  /** created → starting → running | failed */
  async start(): Promise<void> {
    assert(this.#state.name === 'created', `start: the service is already ${this.#state.name}`);
    const started = this.#options.start(this.#scope());
    this.#state = { name: 'starting', ended: started.catch(() => {}) };
    try {
      const addresses = (await abortable(started, this.#lifecycle.signal)) ?? {};
      this.#settle({ name: 'running', addresses });
    } catch (error) {
      this.#settle({ name: 'failed' });
      throw error;
    }
  }

  /** any → stopping */
  stop(): Promise<void> {
    if (this.#state.name === 'stopping') return this.#state.done;
    const done = this.#stop(this.#state);
    this.#state = { name: 'stopping', done };
    return done;
  }

  async health(): Promise<HealthReport> {
    const { name } = this.#state;
    const own = { name: 'service', ok: name === 'running', detail: name === 'running' ? '' : name };
    // Checks of a service that is not serving would only report the obvious, and may use what is already closed.
    if (!own.ok) return { ready: false, checks: [own] };
    const { ready, checks } = await this.#health.report();
    return { ready, checks: [own, ...checks] };
  }

  addresses(): Readonly<Record<string, string>> {
    return this.#state.name === 'running' ? this.#state.addresses : {};
  }

  /** A stop may have come first; then its state stays. */
  #settle(next: State): void {
    if (this.#state.name === 'starting') this.#state = next;
  }

  async #stop(before: State): Promise<void> {
    this.#lifecycle.cancel();
    if (before.name === 'starting') {
      const what = 'giving up the start';
      const giveUpMs = this.#options.stopTimeoutMs * startGiveUpShare;
      // If it does not give up, what it still builds is undone as soon as it is registered.
      await withDeadline(before.ended, giveUpMs, { clock: this.#options.deps.clock, what }).catch(() => {});
    }
    const failures = await this.#lifecycle.stop();
    if (failures.length > 0) throw toStopError(failures);
  }

  #scope(): ServiceScope {
    const { log, clock, metrics } = this.#options.deps;
    const lifecycle = this.#lifecycle;
    return {
      log,
      clock,
      metrics,
      signal: lifecycle.signal,
      onStop: (phase, name, run) => lifecycle.onStop(phase, name, run),
      check: (name, check) => void this.#health.check(name, check),
      loop: (options) => {
        // Its own signal, not the scope's: loops go on while requests under way are drained.
        const ending = new AbortController();
        const loop = runLoop({ ...options, clock, log, signal: ending.signal });
        lifecycle.onStop('loops', `loop ${options.name}`, () => loop.stop());
        return loop;
      },
    };
  }
}

function toStopError(failures: readonly StopFailure[]): ServiceError {
  const list = failures.map(({ phase, step, error }) => `${phase} ${step}: ${summarizeError(error)}`).join('; ');
  const cause = new AggregateError(failures.map(({ error }) => error));
  return new ServiceError('INTERNAL', 'STOP_INCOMPLETE', { message: `not everything stopped: ${list}`, cause });
}
