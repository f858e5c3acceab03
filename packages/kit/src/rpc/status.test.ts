import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorCodes, ServiceError } from '../errors.ts';
import { toErrorCode, toGrpcCode } from './codes.ts';
import { decodeError, encodeError } from './status.ts';

const roundTrip = (error: ServiceError) => {
  const { code, message, details } = encodeError(error);
  return decodeError(code, message, { details });
};

describe('errors on the wire', () => {
  it.each(errorCodes)('%s has a number and comes back', (code) => {
    expect(toErrorCode(toGrpcCode(code))).toBe(code);
    expect(roundTrip(new ServiceError(code, 'WHY', { message: 'm' }))).toMatchObject({
      code,
      reason: 'WHY',
      message: 'm',
    });
  });

  it('keeps data, violations, delay and a retryability that differs from the code', () => {
    const options = {
      message: 'm',
      data: { a: '1', 'field.page.size': 'too large' },
      retryable: true,
      retryAfterMs: 1_234,
    };
    expect(roundTrip(new ServiceError('NOT_FOUND', 'R', options))).toMatchObject(options);
    expect(roundTrip(new ServiceError('UNAVAILABLE', 'R', { message: '', retryable: false })).retryable).toBe(false);
  });

  it('uses the name of the code where a remote sends no details, or garbage', () => {
    expect(decodeError(14, 'down')).toMatchObject({
      code: 'UNAVAILABLE',
      reason: 'UNAVAILABLE',
      retryable: true,
    });
    expect(decodeError(5, 'x', { details: Uint8Array.of(255, 255, 255) })).toMatchObject({
      code: 'NOT_FOUND',
      reason: 'NOT_FOUND',
    });
    expect(decodeError(99, 'x').code).toBe('UNKNOWN');
  });

  it('bounds what a message takes in a header, whatever its alphabet', () => {
    const wire = encodeError(new ServiceError('ABORTED', 'R', { message: '漢'.repeat(5_000) }));
    expect(encodeURI(wire.message).length).toBeLessThanOrEqual(3 * 1024);
    expect(wire.message).toMatch(/^漢+$/);
  });

  it.each([['x'.repeat(200)], ['Not a reason'], ['A\nB'], ['']])('takes no reason like %j from a remote', (reason) => {
    expect(roundTrip(new ServiceError('ABORTED', reason, { message: 'm' })).reason).toBe('ABORTED');
  });

  it('survives any text and any bytes', () => {
    const text = fc.string({ unit: 'binary', maxLength: 3_000 });
    fc.assert(
      fc.property(text, fc.dictionary(text, text, { maxKeys: 4 }), (message, data) => {
        const wire = encodeError(new ServiceError('ABORTED', 'R', { message, data }));
        expect(wire.message.isWellFormed()).toBe(true);
        expect(wire.details.length).toBeLessThanOrEqual(6 * 1024);
        // What goes into the `grpc-message` header.
        const headerBytes = encodeURI(wire.message).length + (wire.details.length * 4) / 3;
        expect(headerBytes).toBeLessThan(12 * 1024);
        expect(decodeError(wire.code, wire.message, { details: wire.details })).toMatchObject({
          code: 'ABORTED',
          reason: 'R',
        });
      }),
      { numRuns: 200 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(decodeError(3, 'm', { details: bytes }).code).toBe('INVALID_ARGUMENT');
      }),
      { numRuns: 500 },
    );
  });
});
