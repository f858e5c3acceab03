import { describe, expect, it } from 'vitest';
import { captureLog } from '../test-fixtures/capture.ts';
import { ServiceError } from './errors.ts';
import { createLogger } from './log.ts';
import { redacted } from './redact.ts';

function capture(secrets: string[] = []) {
  const { destination, lines } = captureLog();
  const log = createLogger({
    service: 'navigator',
    instance: 'a',
    level: 'debug',
    destination,
    secrets,
    clock: { now: () => 0 },
  });
  return { log, lines };
}

describe('createLogger', () => {
  it('writes one JSON line with who, when and how bad', () => {
    const { log, lines } = capture();
    log.info({ zone: 'example.test' }, 'zone loaded');
    expect(lines()).toEqual([
      {
        level: 'info',
        time: '1970-01-01T00:00:00.000Z',
        service: 'navigator',
        instance: 'a',
        zone: 'example.test',
        message: 'zone loaded',
      },
    ]);
  });

  it('describes errors, under any name, with code, reason and causes', () => {
    const { log, lines } = capture();
    const cause = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    const error = new ServiceError('UNAVAILABLE', 'STORE_DOWN', { message: 'no store', data: { store: 'kv' }, cause });
    log.error({ error, other: new AggregateError([cause], '') }, 'failed');
    log.error(error);
    log.child({ error }).error('bound');
    const described = {
      type: 'ServiceError',
      code: 'UNAVAILABLE',
      reason: 'STORE_DOWN',
      data: { store: 'kv' },
      cause: { type: 'Error', code: 'ECONNREFUSED', message: 'refused' },
    };
    expect(lines()).toMatchObject([
      { error: described, other: { type: 'AggregateError', errors: [{ message: 'refused' }] }, message: 'failed' },
      { error: described, message: 'no store' },
      { error: described, message: 'bound' },
    ]);
  });

  it('survives what cannot be written', () => {
    const { log, lines } = capture();
    const circle: Record<string, unknown> = { big: 1n };
    circle.self = circle;
    const error: Error & { cause?: unknown } = new Error('round');
    error.cause = error;
    log.info({ circle, error, nothing: undefined, at: new Date(0), fn: () => 1 }, 'odd');
    expect(lines()).toHaveLength(1);
  });

  it('hides known secrets also where they are escaped', () => {
    const { log, lines } = capture(['s3"cr3t\\']);
    log.info({ text: 'the s3"cr3t\\ is out' }, JSON.stringify({ nested: 's3"cr3t\\' }));
    expect(lines()).toMatchObject([{ text: `the ${redacted} is out`, message: `{"nested":"${redacted}"}` }]);
  });
});
