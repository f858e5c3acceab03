import type { DescMethod, DescService, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import type { Resource } from './guard.ts';
import type { Actor, PeerIdentity } from './peer.ts';

/** What a handler knows about its call, all of it proven. Request metadata is not here: nothing in it could be trusted. */
export interface CallContext {
  /** From the client's certificate; absent only on listeners that accept connections without one. */
  peer: PeerIdentity | undefined;
  /** The user behind the call, from a signed token; absent for calls between services on their own behalf. */
  actor: Actor | undefined;
  /** Aborts when the client cancels or disconnects, when the deadline passes, and (streams) when the server stops, at `maxStreamAgeMs`, or with the caller's certificate. Pass it on. */
  signal: AbortSignal;
  /** When the answer is no longer wanted. Always there for unary calls; a stream has one only if its client set it. */
  deadline: Date | undefined;
  /** Name of the method as in `methodName`. */
  method: string;
  /**
   * Asks the authorization table whether this caller may touch this resource; throws PERMISSION_DENIED. A method whose rule
   * is bound to a resource fails with INTERNAL / RESOURCE_UNCHECKED when its handler answers, or reads a second message of a
   * stream, without having asked.
   */
  authorize(resource: Resource): void;
}

type Input<M extends DescMethod> = MessageShape<M['input']>;
type Output<M extends DescMethod> = MessageInitShape<M['output']>;

/** The implementation of one method; its shape follows from the method's kind. Throw `ServiceError` to answer with an error. */
export type Handler<M extends DescMethod> = M['methodKind'] extends 'unary'
  ? (request: Input<M>, context: CallContext) => Promise<Output<M>>
  : M['methodKind'] extends 'server_streaming'
    ? (request: Input<M>, context: CallContext) => AsyncIterable<Output<M>>
    : M['methodKind'] extends 'client_streaming'
      ? (requests: AsyncIterable<Input<M>>, context: CallContext) => Promise<Output<M>>
      : (requests: AsyncIterable<Input<M>>, context: CallContext) => AsyncIterable<Output<M>>;

/** All methods of a service; a missing one does not compile. */
export type ServiceHandlers<S extends DescService> = { [K in keyof S['method']]: Handler<S['method'][K]> };
