import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { type Child, spawnSample } from '../test-fixtures/child.ts';
import { listen } from './listen.ts';

/** No line of any output may look like a stack trace. */
const stack = /^\s+at /m;

async function ready(env: Record<string, string> = {}): Promise<Child> {
  const child = spawnSample([], env);
  await child.event('ready');
  return child;
}

describe('runMain, as a real process', () => {
  it('is ready with its addresses, answers on them, and ends with 0 on SIGTERM', async () => {
    const child = spawnSample([]);
    const { addresses, pid, level } = await child.event('ready');
    expect({ pid, level }).toEqual({ pid: child.process.pid, level: 'info' });
    // `as`: the shape of the ready line is what is being tested.
    const { operator } = addresses as { operator: string };
    expect((await fetch(`http://${operator}/readyz`)).status).toBe(200);
    expect(await (await fetch(`http://${operator}/metrics`)).text()).toContain('process_cpu_seconds_total');
    child.process.kill('SIGTERM');
    expect(await child.ended).toBe(0);
    expect(child.stderr()).toBe('');
    expect(child.stdout()).toContain('"event":"stopped"');
  });

  it('announces itself at any log level', async () => {
    const child = await ready({ SAMPLE_LOG_LEVEL: 'error' });
    child.process.kill('SIGTERM');
    expect(await child.ended).toBe(0);
    expect(child.stdout().trim().split('\n')).toHaveLength(1);
  });

  it('ends with 0 on SIGINT, also when it comes twice', async () => {
    const child = await ready();
    child.process.kill('SIGINT');
    child.process.kill('SIGINT');
    expect(await child.ended).toBe(0);
  });

  it('gives up a hanging stop on a second signal a second later, with 1', async () => {
    const child = await ready({ SAMPLE_MODE: 'hang-stop', SAMPLE_STOP_TIMEOUT: '60s' });
    child.process.kill('SIGTERM');
    await child.event('stopping');
    const insist = setInterval(() => child.process.kill('SIGTERM'), 100);
    expect(await child.ended).toBe(1);
    clearInterval(insist);
    expect(child.stdout()).toContain('"event":"forced"');
  });

  it('ends with 1 when a step of the stop hangs beyond the deadline', async () => {
    const child = await ready({ SAMPLE_MODE: 'hang-stop', SAMPLE_STOP_TIMEOUT: '200ms' });
    child.process.kill('SIGTERM');
    expect(await child.ended).toBe(1);
  });

  it('stops when the pipe from its parent closes, if told to', async () => {
    const child = await ready({ FRAMEWORKS_EXIT_WITH_PARENT: '1' });
    child.process.stdin?.end();
    expect(await child.ended).toBe(0);
    expect(child.stdout()).toContain('parent ended');
  });

  it('takes no interest in its standard input otherwise', async () => {
    const child = await ready();
    child.process.stdin?.end();
    child.process.kill('SIGTERM');
    expect(await child.ended).toBe(0);
    expect(child.stdout()).not.toContain('parent ended');
  });

  it('survives that nobody reads its output any more', async () => {
    const child = await ready({ FRAMEWORKS_EXIT_WITH_PARENT: '1' });
    child.process.stdout?.destroy();
    child.process.stderr?.destroy();
    child.process.stdin?.end();
    expect(await child.ended).toBe(0);
  });

  it('can be stopped while it starts', async () => {
    const child = spawnSample([], { SAMPLE_MODE: 'hang-start', SAMPLE_STOP_TIMEOUT: '400ms' });
    await child.event('hanging');
    child.process.kill('SIGTERM');
    expect(await child.ended).toBe(0);
  });

  it('says in one line why it could not start, with 1', async () => {
    const child = spawnSample([], { SAMPLE_MODE: 'fail' });
    expect(await child.ended).toBe(1);
    expect(child.stderr()).toBe('sample: could not start: DATABASE_UNREACHABLE: no answer from 10.0.0.1:5432\n');
    expect(child.stdout()).toBe('');
  });

  it('says what to do about a port in use', async () => {
    const server = createServer();
    const { port } = await listen(server, { host: '127.0.0.1', port: 0 }, 'the test');
    const child = spawnSample([], { SAMPLE_ADDRESS: `127.0.0.1:${port}` });
    expect(await child.ended).toBe(1);
    expect(child.stderr()).toMatch(/ADDRESS_IN_USE: 127\.0\.0\.1:\d+ is in use by another program; stop it or choose/);
    expect(child.stderr()).not.toMatch(stack);
    server.close();
  });

  it.each(['throw', 'reject'])('logs a crash (%s) once and ends with 1', async (mode) => {
    const child = spawnSample([], { SAMPLE_MODE: mode });
    expect(await child.ended).toBe(1);
    const fatal = child
      .stdout()
      .split('\n')
      .filter((line) => line.includes('"level":"fatal"'));
    expect(fatal).toHaveLength(1);
    expect(child.stderr()).toBe('');
  });

  it('ends with 2 and every mistake, without a stack trace', async () => {
    const child = spawnSample([], {
      SAMPLE_DATABASE_URL: 'mysql://u:hunter2@h/db',
      SAMPLE_DATA_DIRECTORY: '/does/not/exist',
      SAMPLE_LOGLEVEL: 'debug',
    });
    expect(await child.ended).toBe(2);
    expect(child.stderr().split('\n').slice(0, 4)).toEqual([
      'sample: 3 mistakes in the configuration',
      '  SAMPLE_DATABASE_URL must be a URL beginning with postgres: or postgresql:; got "mysql://u:[redacted]@h/db"',
      '  SAMPLE_DATA_DIRECTORY must be a readable directory; it does not exist; got "/does/not/exist"',
      '  SAMPLE_LOGLEVEL is not a setting; did you mean SAMPLE_LOG_LEVEL?',
    ]);
    expect(child.stderr()).not.toMatch(stack);
    expect(child.stdout()).toBe('');
  });

  it.each([
    [['--check-config'], {}, 0],
    [['--check-config'], { SAMPLE_MODE: 'odd' }, 2],
    [['--version'], { SAMPLE_MODE: 'odd' }, 0],
    [['--help'], {}, 0],
    [['--nonsense'], {}, 2],
  ])('%j %j ends with %d', async (args, env, code) => {
    expect(await spawnSample(args, env).ended).toBe(code);
  });
});
