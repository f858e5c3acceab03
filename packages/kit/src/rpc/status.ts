import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { type Any, anyPack, anyUnpack, DurationSchema } from '@bufbuild/protobuf/wkt';
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from '@frameworks/contracts/google/rpc/error_details_pb';
import { StatusSchema } from '@frameworks/contracts/google/rpc/status_pb';
import { ServiceError } from '../errors.ts';
import { toErrorCode, toGrpcCode } from './codes.ts';

/**
 * `ServiceError` ⇄ `grpc-status-details-bin` (google.rpc.Status): reason and data in ErrorInfo, the delay in RetryInfo, and data
 * under keys `field.<path>` as the violations of a BadRequest.
 */
export const statusDetailsKey = 'grpc-status-details-bin';

const errorDomain = 'frameworks';
const fieldPrefix = 'field.';
/** Carries `retryable` where it differs from what the code implies. */
const retryableKey = '_retryable';
/**
 * Trailers are headers, and clients accept 16 KiB of them. The message travels percent-encoded, three bytes for one, and a
 * second time within the details, which travel in base64: 1 KiB of text and 6 KiB of details stay well below.
 */
const maxMessageBytes = 1024;
const maxDetailsBytes = 6 * 1024;
/** What a reason looks like; anything else in its place came from a remote that is none of ours. */
const reasonPattern = /^[A-Z][A-Z0-9_]{0,63}$/;

export interface WireError {
  code: number;
  /** Well-formed Unicode of bounded length, safe for a header. */
  message: string;
  details: Uint8Array;
}

function packDetails(error: ServiceError, data: Record<string, string>): Any[] {
  const info = Object.entries(data).filter(([key]) => !key.startsWith(fieldPrefix));
  const fieldViolations = Object.entries(data)
    .filter(([key]) => key.startsWith(fieldPrefix))
    .map(([key, description]) => ({ field: key.slice(fieldPrefix.length), description }));
  const metadata = Object.fromEntries([...info, [retryableKey, String(error.retryable)]]);
  const details = [
    anyPack(ErrorInfoSchema, create(ErrorInfoSchema, { reason: error.reason, domain: errorDomain, metadata })),
  ];
  if (error.retryAfterMs !== undefined) {
    details.push(anyPack(RetryInfoSchema, create(RetryInfoSchema, { retryDelay: toDuration(error.retryAfterMs) })));
  }
  if (fieldViolations.length > 0)
    details.push(anyPack(BadRequestSchema, create(BadRequestSchema, { fieldViolations })));
  return details;
}

function toDuration(ms: number) {
  const whole = Math.max(0, Math.round(ms));
  return create(DurationSchema, { seconds: BigInt(Math.floor(whole / 1000)), nanos: (whole % 1000) * 1_000_000 });
}

/** The form an error travels in. Data that would not fit into a header is dropped as a whole; code and reason never are. */
export function encodeError(error: ServiceError): WireError {
  const code = toGrpcCode(error.code);
  const message = cutText(error.message, maxMessageBytes);
  const data = Object.fromEntries(
    Object.entries(error.data).map(([key, value]) => [key.toWellFormed(), value.toWellFormed()]),
  );
  const encode = (given: Record<string, string>) =>
    toBinary(StatusSchema, create(StatusSchema, { code, message, details: packDetails(error, given) }));
  const details = encode(data);
  return { code, message, details: details.length <= maxDetailsBytes ? details : encode({}) };
}

/** At most `maxBytes` of UTF-8, well-formed, no character cut in two. */
function cutText(text: string, maxBytes: number): string {
  const start = text.slice(0, maxBytes).toWellFormed();
  const { read } = new TextEncoder().encodeInto(start, new Uint8Array(maxBytes));
  return start.slice(0, read);
}

interface UnpackedDetails {
  reason?: string;
  data: Record<string, string>;
  retryable?: boolean;
  retryAfterMs?: number;
}

function unpackDetails(bytes: Uint8Array): UnpackedDetails {
  const found: UnpackedDetails = { data: {} };
  for (const detail of fromBinary(StatusSchema, bytes).details) {
    const info = anyUnpack(detail, ErrorInfoSchema);
    if (info) {
      const { [retryableKey]: retryable, ...data } = info.metadata;
      found.reason = info.reason;
      Object.assign(found.data, data);
      if (retryable !== undefined) found.retryable = retryable === 'true';
    }
    const retryDelay = anyUnpack(detail, RetryInfoSchema)?.retryDelay;
    if (retryDelay) found.retryAfterMs = Number(retryDelay.seconds) * 1000 + retryDelay.nanos / 1_000_000;
    for (const { field, description } of anyUnpack(detail, BadRequestSchema)?.fieldViolations ?? []) {
      found.data[fieldPrefix + field] = description;
    }
  }
  return found;
}

/**
 * What a remote answered → the error it meant. A status without (readable) details has its code's name as reason, and
 * `cause`, if given, says that the transport spoke and not a service of ours.
 */
export function decodeError(
  grpcCode: number,
  text: string,
  { details, cause }: { details?: Uint8Array | undefined; cause?: unknown } = {},
): ServiceError {
  const code = toErrorCode(grpcCode);
  const message = cutText(text, maxMessageBytes);
  let unpacked: UnpackedDetails = { data: {} };
  try {
    if (details) unpacked = unpackDetails(details);
  } catch {
    // A remote that sends garbage as details still sent a code; that is what we report.
  }
  const { reason = '', ...options } = unpacked;
  if (reasonPattern.test(reason)) return new ServiceError(code, reason, { message, ...options });
  return new ServiceError(code, code, { message, ...options, cause });
}
