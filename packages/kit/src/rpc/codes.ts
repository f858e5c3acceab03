import { status } from '@grpc/grpc-js';
import { type ErrorCode, errorCodes } from '../errors.ts';

/** Our code names are gRPC's; only the numbers travel. */
export function toGrpcCode(code: ErrorCode): status {
  return status[code];
}

/** Number on the wire → name. What gRPC does not know is UNKNOWN. */
export function toErrorCode(grpcCode: number): ErrorCode {
  return errorCodes.find((code) => status[code] === grpcCode) ?? 'UNKNOWN';
}
