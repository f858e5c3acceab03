import type { DescMethod } from '@bufbuild/protobuf';
import type { Clock } from '@frameworks/std';
import { Metadata, type ServerInterceptingCallInterface, status } from '@grpc/grpc-js';
import { ServiceError, toServiceError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { toErrorCode } from './codes.ts';
import { conceal } from './conceal.ts';
import { proofOf, retireConnection } from './connection-proof.ts';
import type { DenialLog } from './denial-log.ts';
import type { Decision, RpcGuard } from './guard.ts';
import { methodName, streamsRequests, streamsResponses } from './method.ts';
import type { CallMetrics } from './metrics.ts';
import { type Actor, type Caller, callerLabel, type PeerIdentity } from './peer.ts';
import { encodeError, statusDetailsKey } from './status.ts';

/** Carries the actor token from client to server. Everything else in metadata is dropped before a handler could see it. */
export const actorKey = 'frameworks-actor';

export interface ServerCallOptions {
  method: DescMethod;
  call: ServerInterceptingCallInterface;
  guard: RpcGuard;
  log: Logger;
  metrics: CallMetrics;
  denials: DenialLog;
  clock: Clock;
  maxUnaryMs: number;
  maxStreamAgeMs: number;
}

/**
 * One call from its headers to its status: admission (who, until when, may they), the limit of its time, and its one entry
 * in the metrics. The states are `admitting → open → ended`; ending twice does nothing.
 */
export class ServerCall {
  readonly method: string;
  readonly stream: boolean;
  deadline: Date | undefined;
  caller: Caller = { peer: undefined, actor: undefined };
  /** Does the rule of this method still wait for the handler to name the resource? */
  resourceUnchecked = false;

  readonly #options: ServerCallOptions;
  readonly #startedMs = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #ageing: AbortController | undefined;
  #ended = false;
  #recorded = false;

  constructor(options: ServerCallOptions) {
    this.#options = options;
    this.method = methodName(options.method);
    this.stream = streamsRequests(options.method) || streamsResponses(options.method);
  }

  /** Settles who calls and whether they may. `false`: refused, and the client has been told. */
  async admit(metadata: Metadata): Promise<boolean> {
    try {
      this.#limitTime();
      const peer = this.#identifyPeer();
      this.caller = { peer, actor: undefined };
      const tokens = metadata.get(actorKey);
      if (tokens.length > 0) this.caller = { peer, actor: await this.#verifyActor(tokens) };
      const decision = this.#options.guard.authorize(this.method, this.caller);
      if (!decision.allow) throw this.#denied(decision);
      this.resourceUnchecked = decision.boundToResource;
      if (this.stream && !this.#ended) this.#limitAge();
      return !this.#ended;
    } catch (thrown) {
      const error = toServiceError(thrown);
      if (error.code === 'UNAUTHENTICATED' && !this.#recorded) this.#record(error.reason);
      this.refuse(conceal(error, { method: this.method, log: this.#options.log }));
      return false;
    }
  }

  /** The handler names what the call is about. Throws PERMISSION_DENIED. */
  authorize(resource: Parameters<RpcGuard['authorizeResource']>[2]): void {
    const decision = this.#options.guard.authorizeResource(this.method, this.caller, resource);
    if (!decision.allow) throw this.#denied(decision);
    this.resourceUnchecked = false;
  }

  /** Ends the call from outside its handler, whose signal aborts. */
  refuse(error: ServiceError): void {
    if (this.#ended) return;
    const { code, message, details } = encodeError(error);
    const metadata = new Metadata();
    metadata.set(statusDetailsKey, Buffer.from(details));
    this.ended({ code });
    this.#options.call.sendStatus({ code, details: message, metadata });
  }

  /** Called with every status on its way out, and on cancellation; the first one counts. */
  ended({ code }: { code?: status | null }): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#ageing?.abort();
    const seconds = (performance.now() - this.#startedMs) / 1000;
    const name = code === status.OK ? 'OK' : toErrorCode(code ?? status.UNKNOWN);
    this.#options.metrics.ended({ method: this.method, code: name, seconds, stream: this.stream });
  }

  /** The client went away, or gRPC ended the call at the client's deadline. */
  cancelled(): void {
    const late = this.deadline !== undefined && Date.now() >= this.deadline.getTime();
    this.ended({ code: late ? status.DEADLINE_EXCEEDED : status.CANCELLED });
  }

  #limitTime(): void {
    const asked = Number(this.#options.call.getDeadline());
    const { maxUnaryMs } = this.#options;
    const cap = this.stream ? Number.POSITIVE_INFINITY : Date.now() + maxUnaryMs;
    if (Number.isFinite(Math.min(asked, cap))) this.deadline = new Date(Math.min(asked, cap));
    if (asked <= cap) return; // gRPC's own timer ends it.
    const late = new ServiceError('DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED', {
      message: `the server allows ${maxUnaryMs} ms`,
    });
    this.#timer = setTimeout(() => this.refuse(late), maxUnaryMs);
    this.#timer.unref();
  }

  #identifyPeer(): PeerIdentity | undefined {
    const { call, clock } = this.#options;
    const { certificate, uri, notAfterMs } = proofOf(call);
    if (!certificate) return undefined;
    if (clock.now() > notAfterMs) {
      retireConnection(call);
      throw certificateEnded();
    }
    const peer = uri === undefined ? undefined : this.#options.guard.findPeer(uri);
    if (peer) return peer;
    throw new ServiceError('UNAUTHENTICATED', 'PEER_UNKNOWN', {
      message: 'the certificate names no identity of this system',
    });
  }

  /**
   * A stream ends with the certificate that opened it, and after a bounded age in any case: what its caller was entitled to
   * may have changed since. It opens another one, on a connection that proves it anew.
   */
  #limitAge(): void {
    const { call, clock, maxStreamAgeMs } = this.#options;
    const certificateMs = proofOf(call).notAfterMs - clock.now();
    // Jitter: streams that began together must not all come back together.
    const ageMs = maxStreamAgeMs * (0.9 + Math.random() / 10);
    this.#ageing = new AbortController();
    clock.sleep(Math.min(certificateMs, ageMs), this.#ageing.signal).then(
      () => {
        if (certificateMs <= ageMs) retireConnection(call);
        this.refuse(certificateMs <= ageMs ? certificateEnded() : streamAged());
      },
      () => {}, // The call has ended.
    );
  }

  async #verifyActor(tokens: readonly (string | Buffer)[]): Promise<Actor> {
    const [token, ...others] = tokens;
    if (typeof token === 'string' && others.length === 0)
      return await this.#options.guard.verifyActor(token, this.caller.peer);
    throw new ServiceError('UNAUTHENTICATED', 'ACTOR_TOKEN_INVALID', { message: 'one actor token, or none' });
  }

  #denied({ reason }: Extract<Decision, { allow: false }>): ServiceError {
    this.#record(reason);
    const anonymous = !this.caller.peer && !this.caller.actor;
    return new ServiceError(anonymous ? 'UNAUTHENTICATED' : 'PERMISSION_DENIED', reason, {
      message: `${callerLabel(this.caller)} may not call ${this.method}`,
    });
  }

  #record(reason: string): void {
    this.#recorded = true;
    const { peer, actor } = this.caller;
    const caller = callerLabel(this.caller);
    this.#options.denials.denied({ method: this.method, reason, caller, peer: peer?.uri, actor: actor?.userId });
  }
}

const certificateEnded = () =>
  new ServiceError('UNAUTHENTICATED', 'CERTIFICATE_EXPIRED', {
    message: 'the certificate of this connection has ended; connect again with a newer one',
    retryable: true,
  });

const streamAged = () =>
  new ServiceError('UNAVAILABLE', 'STREAM_AGE_REACHED', { message: 'streams end after a while; open another one' });
