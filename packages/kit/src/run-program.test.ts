import { FakeClock } from '@frameworks/std';
import { describe, expect, it, vi } from 'vitest';
import { captureLog } from '../test-fixtures/capture.ts';
import { defineConfig } from './config/definition.ts';
import { field } from './config/fields.ts';
import { createService, type ServiceOptions } from './create-service.ts';
import { createLogger } from './log.ts';
import { type Program, runProgram, type StopRequest } from './run-program.ts';
import { decideSignal } from './stop-request.ts';

const config = defineConfig({
  service: 'sample',
  prefix: 'SAMPLE',
  fields: { store: field.url({ doc: 'A store.', schemes: ['memory', 'redis'], default: 'memory:' }) },
});

const sigterm: StopRequest = { kind: 'signal', reason: 'SIGTERM' };
const parentEnd: StopRequest = { kind: 'parent', reason: 'parent ended' };

/** Runs the sample service in a pretended process. */
function run(args: string[], env: Record<string, string>, start: ServiceOptions['start'] = async () => undefined) {
  const clock = new FakeClock(0);
  const { destination, lines } = captureLog();
  const [out, err]: [string[], string[]] = [[], []];
  let request: (request: StopRequest) => void = () => {};
  const program: Program = {
    args,
    env,
    clock,
    log: createLogger({ service: 'sample', instance: 'sample', destination, clock }),
    stdout: (line) => void out.push(line),
    stderr: (line) => void err.push(line),
    onStopRequest: (handle) => {
      request = handle;
    },
  };
  const definition = {
    name: 'sample',
    plane: 'control',
    config,
    dependsOn: [],
    create: async ({ stopTimeoutMs }: { stopTimeoutMs: number }, deps: ServiceOptions['deps']) =>
      createService({ deps, stopTimeoutMs, start }),
  } as const;
  const code = runProgram(definition, program);
  const events = () => lines().map(({ event }) => event);
  return { clock, code, out, err, lines, events, request: (some: StopRequest) => request(some) };
}

const seen = (run: { events: () => unknown[] }, event: string) =>
  vi.waitFor(() => expect(run.events()).toContain(event), 5_000);
const hang = () => new Promise<never>(() => {});

describe('arguments', () => {
  it.each([
    [['--version'], {}, 0, /^sample \d+\.\d+\.\d+$/],
    [['--help'], { SAMPLE_STORE: 'wrong' }, 0, /SAMPLE_STORE +\[memory:\]/],
    [['--check-config'], {}, 0, /the configuration is valid/],
  ])('%j', async (args, env, code, output) => {
    const sample = run(args, env);
    expect([await sample.code, sample.err]).toEqual([code, []]);
    expect(sample.out.join('\n')).toMatch(output);
  });

  it.each([
    [
      ['--check-config'],
      { SAMPLE_STORE: 'http://h', SAMPLE_STROE: 'x' },
      ['SAMPLE_STORE must be', 'did you mean SAMPLE_STORE?'],
    ],
    [[], { SAMPLE_STORE: 'http://h' }, ['1 mistake']],
    [['--verbose'], {}, ['unknown argument --verbose']],
    [['constructor'], {}, ['unknown argument constructor']],
  ])('%j %j is refused with 2', async (args, env, messages) => {
    const sample = run(args, env);
    expect([await sample.code, sample.out]).toEqual([2, []]);
    for (const message of messages) expect(sample.err.join('\n')).toContain(message);
  });
});

describe('running', () => {
  it('announces itself once ready and stops when asked', async () => {
    const sample = run([], {}, async () => ({ grpc: '127.0.0.1:7' }));
    await seen(sample, 'ready');
    sample.request(sigterm);
    expect(await sample.code).toBe(0);
    expect(sample.events()).toEqual(['ready', 'stopping', 'stopped']);
    expect(sample.lines()[0]).toMatchObject({
      addresses: { grpc: '127.0.0.1:7', operator: expect.stringMatching(/^127/) },
    });
    expect(sample.err).toEqual([]);
  });

  it('says in one line why it could not start, without secrets', async () => {
    const sample = run([], { SAMPLE_STORE: 'redis://:sesame-open@h' }, async () => {
      throw new Error('cannot open\nwith sesame-open');
    });
    expect(await sample.code).toBe(1);
    expect(sample.err).toEqual(['sample: could not start: cannot open with [redacted]']);
  });

  it('stops in the middle of a start', async () => {
    const sample = run([], {}, async (scope) => {
      scope.log.info({ event: 'starting' }, 'starting');
      await scope.clock.sleep(1e6, scope.signal);
      return undefined;
    });
    await seen(sample, 'starting');
    sample.request(parentEnd);
    expect(await sample.code).toBe(0);
    expect(sample.events()).toEqual(['starting', 'stopping', 'stopped']);
  });

  it('ends with 1 when not everything stopped', async () => {
    const sample = run([], {}, async (scope) => {
      scope.onStop('close', 'store', () => Promise.reject(new Error('disk full')));
      return undefined;
    });
    await seen(sample, 'ready');
    sample.request(sigterm);
    expect(await sample.code).toBe(1);
  });

  it('ends at the deadline when stopping hangs', async () => {
    const sample = run([], {}, async (scope) => {
      scope.onStop('close', 'store', hang);
      return undefined;
    });
    await seen(sample, 'ready');
    sample.request(parentEnd);
    await sample.clock.whenSleeping();
    await sample.clock.advance(10_000);
    expect(await sample.code).toBe(1);
  });

  it('ignores the echo of a signal, obeys a later one, and no second end of the parent', async () => {
    const sample = run([], {}, async (scope) => {
      scope.onStop('close', 'store', hang);
      return undefined;
    });
    await seen(sample, 'ready');
    sample.request(sigterm);
    sample.request(sigterm);
    await sample.clock.whenSleeping();
    await sample.clock.advance(1_500);
    sample.request(parentEnd);
    expect(sample.events()).not.toContain('forced');
    sample.request(sigterm);
    expect(await sample.code).toBe(1);
    expect(sample.events()).toContain('forced');
    await sample.clock.advance(20_000);
  });
});

describe('decideSignal', () => {
  it.each([
    [undefined, 5, 'stop'],
    [5, 5, 'ignore'],
    [5, 1_004, 'ignore'],
    [5, 1_005, 'force'],
  ])('began %s, now %d: %s', (began, now, decision) => {
    expect(decideSignal(began, now)).toBe(decision);
  });
});
