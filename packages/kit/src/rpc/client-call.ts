import { backoff, type Clock, childController, isAbort } from '@frameworks/std';
import { ClientError, Metadata, Status } from 'nice-grpc';
import { ServiceError } from '../errors.ts';
import type { RpcCallOptions } from './client-types.ts';
import type { CallMetrics } from './metrics.ts';
import type { RetryBudget } from './retry-budget.ts';
import { actorKey } from './server-call.ts';
import { decodeError, statusDetailsKey } from './status.ts';

/** Waits between attempts: short, because a caller is waiting; bounded by the deadline in any case. */
export interface RetryPolicy {
  /** Attempts in total. */
  attempts: number;
  baseMs: number;
  maxMs: number;
}

export const defaultRetry: RetryPolicy = { attempts: 4, baseMs: 50, maxMs: 1_000 };

export interface CallSettings {
  method: string;
  stream: boolean;
  retrySafe: boolean;
  deadlineMs: number | undefined;
  retry: RetryPolicy;
  budget: RetryBudget;
  clock: Clock;
  metrics: CallMetrics;
}

/** What nice-grpc needs for one attempt. */
export interface AttemptOptions {
  metadata: Metadata;
  signal: AbortSignal;
  onTrailer: (trailer: Metadata) => void;
}

/** A whole call, all its attempts: its time, its cancellation, its errors and its one entry in the metrics. */
export class ClientCall implements Disposable {
  readonly #settings: CallSettings;
  readonly #options: RpcCallOptions;
  readonly #startedMs: number;
  readonly #limitMs: number | undefined;
  readonly #controller: ReturnType<typeof childController>;
  readonly #timer: NodeJS.Timeout | undefined;
  #trailer: Metadata | undefined;
  #late = false;
  #code: string = 'CANCELLED';

  constructor(settings: CallSettings, options: RpcCallOptions = {}) {
    this.#settings = settings;
    this.#options = options;
    const limitMs = options.deadlineMs ?? settings.deadlineMs;
    this.#limitMs = limitMs === undefined ? undefined : Math.min(limitMs, maxTimerMs);
    this.#startedMs = settings.clock.monotonic();
    this.#controller = childController(options.signal);
    if (this.#limitMs === undefined) return;
    this.#timer = setTimeout(() => {
      this.#late = true;
      this.#controller.abort();
    }, this.#limitMs);
  }

  /** Options of the next attempt, which tells the server how much time is left. */
  attempt(): AttemptOptions {
    this.#trailer = undefined;
    const metadata = new Metadata();
    if (this.#options.actorToken !== undefined) metadata.set(actorKey, this.#options.actorToken);
    // nice-grpc cuts the call at the client only; this header is how gRPC tells the server.
    if (this.#limitMs !== undefined) metadata.set('grpc-timeout', toGrpcTimeout(this.#remainingMs()));
    const onTrailer = (trailer: Metadata) => {
      this.#trailer = trailer;
    };
    return { metadata, signal: this.#controller.signal, onTrailer };
  }

  succeeded(): void {
    this.#settings.budget.succeeded();
    this.#code = 'OK';
  }

  /** What a failed attempt threw → what the caller gets. */
  failed(thrown: unknown): unknown {
    const error = this.#translate(thrown);
    this.#code = error instanceof ServiceError ? error.code : 'CANCELLED';
    return error;
  }

  /** Waits before attempt `next` (1 = the first repetition); `false`: do not try again. */
  async mayRetry(error: unknown, next: number): Promise<boolean> {
    const { retrySafe, stream, retry, budget, clock, metrics, method } = this.#settings;
    if (!(error instanceof ServiceError) || !error.retryable) return false;
    // Asked of every failure, whether or not this call may be repeated: all of them say how the server is doing.
    const affordable = budget.failed();
    if (!affordable || !retrySafe || stream || next >= retry.attempts) return false;
    const waitMs = Math.max(error.retryAfterMs ?? 0, backoff(next - 1, retry));
    if (waitMs >= this.#remainingMs()) return false;
    await clock.sleep(waitMs, this.#controller.signal).catch(() => undefined);
    if (this.#controller.signal.aborted) return false;
    metrics.retried(method);
    return true;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#controller[Symbol.dispose]();
    const { metrics, method, stream } = this.#settings;
    metrics.ended({ method, stream, code: this.#code, seconds: this.#elapsedMs() / 1000 });
  }

  #translate(thrown: unknown): unknown {
    if (this.#late) return deadlineExceeded(this.#settings.method, this.#limitMs);
    if (this.#options.signal?.aborted) return this.#options.signal.reason;
    if (thrown instanceof ClientError) return this.#toServiceError(thrown);
    if (thrown instanceof ServiceError || isAbort(thrown)) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new ServiceError('INTERNAL', 'RPC_CLIENT_FAILED', { message, cause: thrown });
  }

  #toServiceError(thrown: ClientError): ServiceError {
    const details = this.#trailer?.get(statusDetailsKey);
    if (thrown.code === Status.DEADLINE_EXCEEDED && !details)
      return deadlineExceeded(this.#settings.method, this.#limitMs);
    return decodeError(thrown.code, thrown.details, { details, cause: thrown });
  }

  #elapsedMs(): number {
    return this.#settings.clock.monotonic() - this.#startedMs;
  }

  #remainingMs(): number {
    return this.#limitMs === undefined ? Number.POSITIVE_INFINITY : this.#limitMs - this.#elapsedMs();
  }
}

/** Timers and grpc-js count milliseconds in 31 bits: 24 days. */
const maxTimerMs = 2 ** 31 - 1;

/** At most eight digits and a unit. */
function toGrpcTimeout(ms: number): string {
  const whole = Math.max(1, Math.ceil(ms));
  return whole < 1e8 ? `${whole}m` : `${Math.floor(whole / 1000)}S`;
}

function deadlineExceeded(method: string, limitMs: number | undefined): ServiceError {
  return new ServiceError('DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED', {
    message: `${method} took longer than ${limitMs ?? '?'} ms`,
  });
}
