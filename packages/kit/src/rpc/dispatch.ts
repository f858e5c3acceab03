import type { DescMethod, Message } from '@bufbuild/protobuf';
import { ServerError, type CallContext as WireContext } from 'nice-grpc';
import { ServiceError, toServiceError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { conceal } from './conceal.ts';
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
        const given = holdToFirst(request, call);
        const response = await (handler(given, toContext(call, wire.signal)) as Promise<Message>);
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
      const given = holdToFirst(request, call);
      for await (const response of handler(given, toContext(call, wire.signal)) as AsyncIterable<Message>) {
        assertResourceChecked(call);
        yield response;
      }
      assertResourceChecked(call);
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

/**
 * The first message of a stream may say what it is about; until the handler has asked whether the caller may touch that, it
 * gets no second one. A stream can do harm long before it is answered, so checking the answers alone is not enough.
 */
function holdToFirst(request: Message | AsyncIterable<Message>, call: ServerCall): typeof request {
  return call.resourceUnchecked && Symbol.asyncIterator in request ? afterCheck(request, call) : request;
}

async function* afterCheck(requests: AsyncIterable<Message>, call: ServerCall): AsyncIterable<Message> {
  let first = true;
  for await (const request of requests) {
    if (!first) assertResourceChecked(call);
    first = false;
    yield request;
  }
}

/** A handler that forgot to ask would answer everybody about everything: it must fail in its very first test instead. */
function assertResourceChecked(call: ServerCall): void {
  if (!call.resourceUnchecked) return;
  throw new ServiceError('INTERNAL', 'RESOURCE_UNCHECKED', {
    message: `${call.method} answered without context.authorize(resource)`,
  });
}

function fail(
  thrown: unknown,
  { call, wire, log }: { call: ServerCall | undefined; wire: WireContext; log: Logger },
): ServerError {
  // The status has gone out already; whatever an aborted handler throws is not a failure.
  if (wire.signal.aborted) return new ServerError(1, 'cancelled');
  const { code, message, details } = encodeError(conceal(toServiceError(thrown), { method: call?.method, log }));
  wire.trailer.set(statusDetailsKey, details);
  return new ServerError(code, message);
}
