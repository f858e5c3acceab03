import { create, type DescMessage, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from './gen/google/rpc/error_details_pb.ts';
import { StatusSchema } from './gen/google/rpc/status_pb.ts';
import {
  Health,
  HealthCheckRequestSchema,
  HealthCheckResponse_ServingStatus,
  HealthCheckResponseSchema,
} from './gen/grpc/health/v1/health_pb.ts';

/** Bytes as other implementations of these protocols write them: tag, length, content. */
function check<D extends DescMessage>(schema: D, init: MessageInitShape<D>, hex: string): void {
  const message = create(schema, init);
  expect(Buffer.from(toBinary(schema, message)).toString('hex')).toBe(hex);
  expect(fromBinary(schema, new Uint8Array(Buffer.from(hex, 'hex')))).toEqual(message);
}

describe('foreign protocols keep their wire form', () => {
  test('google.rpc.Status', () => {
    expect(StatusSchema.typeName).toBe('google.rpc.Status');
    const details = [{ typeUrl: 't/a', value: new Uint8Array([1]) }];
    check(StatusSchema, { code: 5, message: 'no', details }, '0805' + '12026e6f' + '1a080a03742f61120101');
  });

  test('google.rpc.ErrorInfo', () => {
    expect(ErrorInfoSchema.typeName).toBe('google.rpc.ErrorInfo');
    check(
      ErrorInfoSchema,
      { reason: 'R', domain: 'd', metadata: { k: 'v' } },
      '0a0152' + '120164' + '1a060a016b120176',
    );
  });

  test('google.rpc.RetryInfo', () => {
    expect(RetryInfoSchema.typeName).toBe('google.rpc.RetryInfo');
    check(RetryInfoSchema, { retryDelay: { seconds: 1n, nanos: 2 } }, '0a0408011002');
  });

  test('google.rpc.BadRequest', () => {
    expect(BadRequestSchema.typeName).toBe('google.rpc.BadRequest');
    check(BadRequestSchema, { fieldViolations: [{ field: 'f', description: 'd' }] }, '0a060a0166120164');
  });

  test('grpc.health.v1', () => {
    expect(Health.typeName).toBe('grpc.health.v1.Health');
    expect(Health.methods.map((method) => [method.name, method.methodKind])).toEqual([
      ['Check', 'unary'],
      ['Watch', 'server_streaming'],
    ]);
    check(HealthCheckRequestSchema, { service: 's' }, '0a0173');
    check(HealthCheckResponseSchema, { status: HealthCheckResponse_ServingStatus.NOT_SERVING }, '0802');
  });
});
