import type { DescMethod, DescService, Message } from '@bufbuild/protobuf';
import { type Clock, systemClock } from '@frameworks/std';
import { Channel, createClient } from 'nice-grpc';
import { formatHostPort, type HostPort } from '../config/address.ts';
import type { Metrics } from '../metrics.ts';
import type { AnonymousTrust, CertificateSource } from './certificate.ts';
import { type AttemptOptions, type CallSettings, ClientCall, defaultRetry, type RetryPolicy } from './client-call.ts';
import type { RpcCallOptions, RpcMethods } from './client-types.ts';
import { createChannelCredentials, type PeerExpectation } from './credentials.ts';
import { clientChannelOptions, defaultLimits, type RpcLimits } from './limits.ts';
import { isRetrySafe, methodName, streamsRequests, streamsResponses, toWireService } from './method.ts';
import { createCallMetrics } from './metrics.ts';
import { leaseRequest } from './request-lease.ts';
import { RetryBudget } from './retry-budget.ts';

export interface RpcChannelOptions {
  address: HostPort;
  /** With a source the client proves itself; with a bare trust bundle it is nobody and can only enroll. */
  credentials: CertificateSource | AnonymousTrust;
  /** Whom the server must prove to be. */
  expectPeer: PeerExpectation;
  /** Whole time of a unary call when the caller sets none, milliseconds. Default 5 s. */
  deadlineMs?: number;
  retry?: Partial<RetryPolicy>;
  metrics?: Metrics;
  limits?: Partial<RpcLimits>;
  clock?: Clock;
}

/** One connection to one address, shared by the clients of any number of services. */
export interface RpcChannel {
  client<S extends DescService>(service: S): RpcMethods<S>;
  /** Ends the calls under way with UNAVAILABLE or CANCELLED and drops the connection. */
  close(): void;
}

const defaultDeadlineMs = 5_000;

/** Connects when first used, reconnects by itself (0.25 s → 10 s), and proves the newest certificate at every connection. */
export function createRpcChannel(options: RpcChannelOptions): RpcChannel {
  const limits = { ...defaultLimits, ...options.limits };
  const credentials = createChannelCredentials(options.credentials, options.expectPeer);
  const channel = new Channel(formatHostPort(options.address), credentials, clientChannelOptions(limits));
  const metrics = createCallMetrics(options.metrics, 'client');
  const clock = options.clock ?? systemClock;
  const retry = { ...defaultRetry, ...options.retry };
  const budget = new RetryBudget();
  const unaryDeadlineMs = options.deadlineMs ?? defaultDeadlineMs;
  const settingsOf = (method: DescMethod): CallSettings => {
    const stream = streamsRequests(method) || streamsResponses(method);
    const deadlineMs = stream ? undefined : unaryDeadlineMs;
    const retrySafe = isRetrySafe(method);
    return { method: methodName(method), stream, retrySafe, deadlineMs, retry, budget, clock, metrics };
  };
  return {
    client: <S extends DescService>(service: S) => {
      // nice-grpc types its client by a definition that is only known at run time here; the names are the service's.
      const wire = createClient(toWireService(service), channel) as unknown as Record<string, WireCall>;
      const entries = service.methods.map((method) => [
        method.localName,
        toClientMethod(method, wire[method.localName], settingsOf(method)),
      ]);
      // Built from the very descriptors that `RpcMethods` describes.
      return Object.fromEntries(entries) as RpcMethods<S>;
    },
    close: () => channel.close(),
  };
}

/** A channel with a single client on it. */
export function createRpcClient<S extends DescService>(
  service: S,
  options: RpcChannelOptions,
): RpcMethods<S> & { close(): void } {
  const channel = createRpcChannel(options);
  return { ...channel.client(service), close: () => channel.close() };
}

type Request = Message | AsyncIterable<Message>;
type WireCall = (request: Request, options: AttemptOptions) => Promise<Message> | AsyncIterable<Message>;

function toClientMethod(method: DescMethod, wire: WireCall | undefined, settings: CallSettings) {
  if (!wire) throw new Error(`${settings.method} is unknown to the transport`);
  // Which of the two a wire call gives follows from the method's kind, as checked here.
  return streamsResponses(method)
    ? (request: Request, options?: RpcCallOptions) =>
        receive(wire as StreamCall, request, () => new ClientCall(settings, options))
    : (request: Request, options?: RpcCallOptions) =>
        callOnce(wire as SingleCall, request, new ClientCall(settings, options));
}

type SingleCall = (request: Request, options: AttemptOptions) => Promise<Message>;
type StreamCall = (request: Request, options: AttemptOptions) => AsyncIterable<Message>;

async function callOnce(wire: SingleCall, request: Request, given: ClientCall): Promise<Message> {
  using call = given;
  using lease = leaseRequest(request);
  for (let attempt = 1; ; attempt++) {
    try {
      const response = await wire(lease.request, call.attempt());
      call.succeeded();
      return response;
    } catch (thrown) {
      const error = call.failed(thrown);
      if (!(await call.mayRetry(error, attempt))) throw error;
    }
  }
}

/** The call starts with the first read, so a stream that nobody reads holds nothing. */
async function* receive(wire: StreamCall, request: Request, start: () => ClientCall): AsyncIterable<Message> {
  using call = start();
  using lease = leaseRequest(request);
  try {
    yield* wire(lease.request, call.attempt());
    call.succeeded();
  } catch (thrown) {
    throw call.failed(thrown);
  }
}
