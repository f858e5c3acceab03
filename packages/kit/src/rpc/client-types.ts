import type { DescMethod, DescService, MessageInitShape, MessageShape } from '@bufbuild/protobuf';

export interface RpcCallOptions {
  /** Cancels the call; it then rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Whole time of the call, retries included, milliseconds. Unary: the client's default when absent. Streams: none when absent. */
  deadlineMs?: number;
  /** Signed token of the user on whose behalf this call is made. */
  actorToken?: string;
}

type Input<M extends DescMethod> = MessageInitShape<M['input']>;
type Output<M extends DescMethod> = MessageShape<M['output']>;

export type ClientMethod<M extends DescMethod> = M['methodKind'] extends 'unary'
  ? (request: Input<M>, options?: RpcCallOptions) => Promise<Output<M>>
  : M['methodKind'] extends 'server_streaming'
    ? (request: Input<M>, options?: RpcCallOptions) => AsyncIterable<Output<M>>
    : M['methodKind'] extends 'client_streaming'
      ? (requests: AsyncIterable<Input<M>>, options?: RpcCallOptions) => Promise<Output<M>>
      : (requests: AsyncIterable<Input<M>>, options?: RpcCallOptions) => AsyncIterable<Output<M>>;

/** One function per method. All reject with `ServiceError`, except that a cancelled call rejects with its signal's reason. */
export type RpcMethods<S extends DescService> = { [K in keyof S['method']]: ClientMethod<S['method'][K]> };
