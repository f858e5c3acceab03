import {
  FleetConfigError,
  type FleetEvent,
  type FleetOptions,
  FleetRefusedError,
  FleetStartError,
} from '@frameworks/fleet';
import { FakeClock, untilAborted } from '@frameworks/std';
import { describe, expect, it } from 'vitest';
import { createFakeIo, type FakeIo } from '../../testing/fake-io.ts';
import { type UpFleet, type UpOptions, up } from './up.ts';

const postgres = { name: 'postgres', title: 'PostgreSQL' };
const navigator = { name: 'navigator', title: 'navigator' };

interface Script {
  start(emit: (event: FleetEvent) => void, signal: AbortSignal): Promise<void>;
  stop?(): Promise<void>;
}

/** A fleet that follows a script. */
function scripted(script: Script, seen: FleetOptions[] = []): (options: FleetOptions) => Promise<UpFleet> {
  return async (options) => {
    seen.push(options);
    return {
      file: `${options.dataDir}/fleet.json`,
      steps: [postgres, navigator],
      rows: () => [
        { name: 'postgres', instance: '', address: '127.0.0.1:15432', readyAfterMs: 812 },
        { name: 'navigator', instance: 'navigator-1', address: 'http://127.0.0.1:28011', readyAfterMs: 1200 },
      ],
      start: (signal) => script.start(options.onEvent ?? (() => {}), signal ?? new AbortController().signal),
      stop: () => script.stop?.() ?? Promise.resolve(),
    };
  };
}

const ready: Script = {
  start: async (emit) => {
    emit({ type: 'step-started', step: postgres });
    emit({ type: 'step-ready', step: postgres, tookMs: 812 });
    emit({ type: 'step-started', step: navigator });
    emit({ type: 'step-ready', step: navigator, tookMs: 1200 });
  },
};

async function untilSaid(io: FakeIo, text: string): Promise<void> {
  await expect.poll(() => [...io.lines, ...io.errors].join('\n')).toContain(text);
}

const options: UpOptions = { dataDir: '.frameworks' };

describe('up', () => {
  it('shows progress, then what runs where, then stops when told to', async () => {
    const io = createFakeIo({ cwd: '/srv' });
    const code = up(options, io, scripted(ready));
    await untilSaid(io, 'Ready after');
    io.request({ kind: 'signal' });
    expect(await code).toBe(0);
    const text = io.lines.join('\n');
    expect(text).toMatch(/\[ +\d+\.\d s\] PostgreSQL: starting\n\[ +\d+\.\d s\] PostgreSQL: ready after 812 ms/);
    expect(text).toMatch(/SERVICE +INSTANCE +STATE +ADDRESS +READY AFTER/);
    expect(text).toMatch(/navigator +navigator-1 +ready +http:\/\/127\.0\.0\.1:28011 +1\.2 s/);
    expect(text).toContain('/srv/.frameworks/fleet.json');
    expect(text).toMatch(/Stopping …\nStopped after/);
    expect(io.errors).toEqual([]);
  });

  it('passes its options on', async () => {
    const seen: FleetOptions[] = [];
    const io = createFakeIo({ cwd: '/srv', env: { NAVIGATOR_LEAF_TTL: '1h' } });
    const code = up({ dataDir: 'elsewhere', processes: true, portBase: 21_000 }, io, scripted(ready, seen));
    await untilSaid(io, 'Ready after');
    io.request({ kind: 'signal' });
    await code;
    expect(seen).toMatchObject([
      { dataDir: '/srv/elsewhere', mode: 'processes', portBase: 21_000, environment: io.env },
    ]);
  });

  it('ends with 0 when told to stop during the start', async () => {
    const io = createFakeIo();
    const start: Script['start'] = async (_, signal) => {
      await untilAborted(signal);
      throw signal.reason;
    };
    const code = up(options, io, scripted({ start }));
    await Promise.resolve();
    io.request({ kind: 'signal' });
    expect(await code).toBe(0);
    expect(io.errors).toEqual([]);
  });

  it('takes a Ctrl-C that arrives twice for one, and a later one for impatience', async () => {
    const clock = new FakeClock();
    const io = createFakeIo({ clock });
    const code = up(options, io, scripted({ ...ready, stop: () => new Promise(() => {}) }));
    await untilSaid(io, 'Ready after');
    io.request({ kind: 'signal' });
    io.request({ kind: 'signal' });
    await untilSaid(io, 'Stopping …');
    expect(io.errors).toEqual([]);
    await clock.advance(1500);
    io.request({ kind: 'signal' });
    expect(await code).toBe(1);
    expect(io.errors.join('\n')).toContain('not waiting any longer');
  });

  it('lists every mistake with exit code 2', async () => {
    const io = createFakeIo();
    const mistakes = [
      { subject: 'NAVIGATOR_DATABASE_URL', message: 'must be a URL' },
      { subject: '--port-base', message: 'must be a whole number' },
    ];
    const code = await up(options, io, scripted({ start: async () => Promise.reject(new FleetConfigError(mistakes)) }));
    expect(code).toBe(2);
    expect(io.errors).toEqual([
      'frameworks: 2 mistakes in the configuration; nothing was started.',
      '  NAVIGATOR_DATABASE_URL: must be a URL',
      '  --port-base: must be a whole number',
    ]);
  });

  it('says which step failed, why, and what its log says', async () => {
    const io = createFakeIo();
    const failure = new FleetStartError({
      step: 'navigator',
      message: 'no database',
      logFile: '/l/n.log',
      logTail: ['last words'],
    });
    expect(await up(options, io, scripted({ start: async () => Promise.reject(failure) }))).toBe(1);
    expect(io.errors).toEqual([
      'frameworks: navigator could not start: no database. Everything was stopped again.',
      '  | last words',
      '  Its log: /l/n.log',
    ]);
  });

  it('passes on a refusal as it is', async () => {
    const io = createFakeIo();
    const refusal = new FleetRefusedError('/d is in use by the process 7; stop that one first.');
    expect(await up(options, io, scripted({ start: async () => Promise.reject(refusal) }))).toBe(1);
    expect(io.errors).toEqual(['frameworks: /d is in use by the process 7; stop that one first.']);
  });

  it('shows crashes and restarts while it runs', async () => {
    const io = createFakeIo();
    let emit: (event: FleetEvent) => void = () => {};
    const start: Script['start'] = async (listener) => {
      emit = listener;
    };
    const code = up(options, io, scripted({ start }));
    await untilSaid(io, 'Ready after');
    const crash = { type: 'crashed', name: 'navigator', how: 'signal SIGKILL', logFile: '/l/n.log' } as const;
    emit({ ...crash, restartInMs: 200 });
    emit({ type: 'restarted', name: 'navigator', pid: 9 });
    emit({ ...crash, restartInMs: undefined });
    expect(io.errors).toEqual([
      'navigator ended (signal SIGKILL); it starts again in 200 ms. Its log: /l/n.log',
      'navigator ended (signal SIGKILL); it stays down. Its log: /l/n.log',
    ]);
    expect(io.lines).toContain('navigator runs again (pid 9).');
    io.request({ kind: 'signal' });
    await code;
  });

  it('stops and ends with 1 when a bug surfaces', async () => {
    const io = createFakeIo();
    const code = up(options, io, scripted(ready));
    await untilSaid(io, 'Ready after');
    io.request({ kind: 'crash', reason: 'undefined is not a function' });
    expect(await code).toBe(1);
    expect(io.errors.join('\n')).toContain('unexpected: undefined is not a function');
    expect(io.lines.join('\n')).toContain('Stopped after');
  });
});
