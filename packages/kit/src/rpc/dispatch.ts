import { randomBytes } from 'node:crypto';
import type { DescMethod, Message } from '@bufbuild/protobuf';
import { ServerError, type CallContext as WireContext } from 'nice-grpc';
import { ServiceError, toServiceError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { CallContext } from './handlers.ts';
import { type Intake, ticketKey } from './intake.ts';
import { streamsResponses } from './method.ts';
import type { ServerCall } from './server-call.ts';
import { encodeError, statusDetailsKey } from './status.ts';

/** A handler with its types forgotten; `ServiceHandlers` has checked them where the service was added. */
export type AnyHandler = (
  request: Message | AsyncIterable<Message>,
  context: CallContext,
) => Promise<Message> | AsyncIterable<Message>;
type WireHandler = (
  request: Message | AsyncIterable<Message>,
  wire: WireContext,
) => Promise<Message> | AsyncIterable<Message>;

/** One of our handlers → one of nice-grpc's: gives it its context, and turns what it throws into a status with details. */
export function toWireHandler(
  method: DescMethod,
  handler: AnyHandler,
  { intake, log }: { intake: Intake; log: Logger },
): WireHandler {
  if (!streamsResponses(method)) {
    return async (request, wire) => {
      let call: ServerCall | undefined;
      try {
        call = intake.claim(wire.metadata.get(ticketKey));
        // The method's kind says that this handler answers with one message.
        const response = await (handler(request, toContext(call, wire.signal)) as Promise<Message>);
        assertResourceChecked(call);
        return response;
      } catch (thrown) {
        throw fail(thrown, { call, wire, log });
      }
    };
  }
  return async function* (request, wire) {
    let call: ServerCall | undefined;
    try {
      call = intake.claim(wire.metadata.get(ticketKey));
      // The method's kind says that this handler answers with a stream.
      for await (const response of handler(request, toContext(call, wire.signal)) as AsyncIterable<Message>) {
        assertResourceChecked(call);
        yield response;
      }
    } catch (thrown) {
      throw fail(thrown, { call, wire, log });
    }
  };
}

function toContext(call: ServerCall, signal: AbortSignal): CallContext {
  return {
    peer: call.caller.peer,
    actor: call.caller.actor,
    signal,
    deadline: call.deadline,
    method: call.method,
    authorize: (resource) => call.authorize(resource),
  };
}

/** A handler that forgot to ask would answer everybody about everything: it must fail in its very first test instead. */
function assertResourceChecked(call: ServerCall): void {
  if (!call.resourceUnchecked) return;
  throw new ServiceError('INTERNAL', 'RESOURCE_UNCHECKED', {
    message: `${call.method} answered without context.authorize(resource)`,
  });
}

const hiddenCodes = new Set(['INTERNAL', 'UNKNOWN']);

/** What is our own fault is logged here, once, in full; the remote learns an incident number to quote. */
function hide(error: ServiceError, call: ServerCall | undefined, log: Logger): ServiceError {
  if (!hiddenCodes.has(error.code)) return error;
  const incident = randomBytes(6).toString('hex');
  log.error(
    { event: 'rpc_failed', method: call?.method, incident, reason: error.reason, error: error.cause ?? error },
    'call failed',
  );
  return new ServiceError(error.code, error.reason, { message: 'internal error', data: { incident } });
}

function fail(
  thrown: unknown,
  { call, wire, log }: { call: ServerCall | undefined; wire: WireContext; log: Logger },
): ServerError {
  // The status has gone out already; whatever an aborted handler throws is not a failure.
  if (wire.signal.aborted) return new ServerError(1, 'cancelled');
  const { code, message, details } = encodeError(hide(toServiceError(thrown), call, log));
  wire.trailer.set(statusDetailsKey, details);
  return new ServerError(code, message);
}
