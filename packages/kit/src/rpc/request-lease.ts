import type { Message } from '@bufbuild/protobuf';

/**
 * The caller's requests for the time of one call. The transport lets go of them only between two requests, so a call that
 * ends while its caller has nothing to say would leave them waiting, with whatever they hold, for ever.
 */
export interface RequestLease extends Disposable {
  readonly request: Message | AsyncIterable<Message>;
}

export function leaseRequest(request: Message | AsyncIterable<Message>): RequestLease {
  if (!(Symbol.asyncIterator in request)) return { request, [Symbol.dispose]: () => {} };
  const iterator = request[Symbol.asyncIterator]();
  return {
    request: { [Symbol.asyncIterator]: () => iterator },
    // Not waited for: a generator hears of it only when what it waits for itself has come.
    [Symbol.dispose]: () => void iterator.return?.().catch(() => undefined),
  };
}
