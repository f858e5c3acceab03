import {
  create,
  type DescMethod,
  type DescService,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { MethodOptions_IdempotencyLevel as Idempotency } from '@bufbuild/protobuf/wkt';
import type { MethodDefinition } from 'nice-grpc';

/** `frameworks.navigator.v1.CertificateAuthority/IssueCertificate`: the name used in authorization, logs and metrics. */
export function methodName(method: DescMethod): string {
  return `${method.parent.typeName}/${method.name}`;
}

/** May a call be sent again when its outcome is unknown? Only when the contract says so. */
export function isRetrySafe(method: DescMethod): boolean {
  return method.idempotency === Idempotency.IDEMPOTENT || method.idempotency === Idempotency.NO_SIDE_EFFECTS;
}

export function streamsRequests(method: DescMethod): boolean {
  return method.methodKind === 'client_streaming' || method.methodKind === 'bidi_streaming';
}

export function streamsResponses(method: DescMethod): boolean {
  return method.methodKind === 'server_streaming' || method.methodKind === 'bidi_streaming';
}

type AnyInit = MessageInitShape<DescMethod['input']>;
type AnyMessage = MessageShape<DescMethod['input']>;
/** nice-grpc's view of one of our methods; both sides accept initializers and receive complete messages. */
export type WireMethod = MethodDefinition<AnyInit, AnyMessage, AnyInit, AnyMessage>;

function toWireMethod(method: DescMethod): WireMethod {
  const { input, output } = method;
  return {
    path: `/${methodName(method)}`,
    requestStream: streamsRequests(method),
    responseStream: streamsResponses(method),
    requestSerialize: (value) => toBinary(input, create(input, value)),
    requestDeserialize: (bytes) => fromBinary(input, bytes),
    responseSerialize: (value) => toBinary(output, create(output, value)),
    responseDeserialize: (bytes) => fromBinary(output, bytes),
    options: {},
  };
}

/** A generated service descriptor → what nice-grpc takes, keyed by the method's local name. */
export function toWireService(service: DescService): Record<string, WireMethod> {
  return Object.fromEntries(service.methods.map((method) => [method.localName, toWireMethod(method)]));
}
