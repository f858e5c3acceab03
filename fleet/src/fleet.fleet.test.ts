import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { expectNoProcessLeft, settle, tempDir } from '@frameworks/testkit';
import { describe, expect, it } from 'vitest';
import { describeProcesses } from '../testing/describe-processes.ts';
import { echoServices } from '../testing/echo-services.ts';
import { TestFleet } from '../testing/test-fleet.ts';
import { DataDirectory } from './data-directory.ts';
import type { FleetEvent } from './events.ts';
import { type FleetDescription, findFleetFile } from './fleet-file.ts';
import { FleetConfigError, FleetRefusedError, FleetStartError } from './mistakes.ts';
import { findProcess, isRunning } from './process-identity.ts';
import { askReadiness } from './readiness.ts';

const services = echoServices;

describe('an embedded fleet', () => {
  it('starts in the order of dependencies, says where everything is, and stops cleanly', async () => {
    const events: FleetEvent[] = [];
    const fleet = await TestFleet.start({ services, onEvent: (event) => events.push(event) });
    {
      await using _ = fleet;
      expect(events.flatMap((event) => (event.type === 'step-ready' ? [event.step.name] : []))).toEqual([
        'postgres',
        'alpha',
        'beta',
      ]);
      const file = findFleetFile(fleet.dataDir);
      expect(file?.description.launcher).toEqual({ pid: process.pid, mode: 'embedded' });
      expect(file?.description.services.map(({ name, pid }) => [name, pid])).toEqual([
        ['alpha', process.pid],
        ['beta', process.pid],
      ]);
      expect(statSync(fleet.file).mode & 0o777).toBe(0o600);
      for (const { url } of file?.description.services ?? [])
        expect(await askReadiness(url, 2000)).toEqual({ state: 'ready' });
    }
    expect(existsSync(fleet.file)).toBe(false);
  });

  it('refuses a second launcher on the same data, and leaves the first one alone', async () => {
    await using fleet = await TestFleet.start({ services });
    const second = TestFleet.start({ services, dataDir: fleet.dataDir, keepData: true });
    await expect(second).rejects.toThrow(`is in use by the process ${process.pid}; stop that one first`);
    expect(findFleetFile(fleet.dataDir)?.description.services).toHaveLength(2);
  });

  it('comes back on the same data directory, and says once that the other mode has its own', async () => {
    const dataDir = await tempDir();
    const directory = DataDirectory.open(dataDir);
    directory.directory('processes');
    directory.release();
    const notes: string[] = [];
    const onEvent = (event: FleetEvent) => void (event.type === 'note' && notes.push(event.text));
    for (let round = 0; round < 2; round++) {
      await using fleet = await TestFleet.start({ services, dataDir, keepData: true, onEvent });
      expect(fleet.describe().services).toHaveLength(2);
    }
    expect(notes).toEqual([expect.stringContaining('what was made with --processes is kept apart')]);
  });

  it('lists every mistake by variable, and starts nothing', async () => {
    const environment = {
      ALPHA_DATABASE_URL: 'ftp://x',
      ALPHA_STAR_DELAY: '1s',
      BETA_START_DELAY: 'soon',
      BETA_GRPC_ADDRESS: '127.0.0.1:1',
      FRAMEWORKS_DATA: '/tmp',
    };
    const events: FleetEvent[] = [];
    const start = TestFleet.start({ services, environment, onEvent: (event) => events.push(event) });
    const error: unknown = await start.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(FleetConfigError);
    const subjects = error instanceof FleetConfigError ? error.mistakes.map(({ subject }) => subject) : [];
    expect(subjects.sort()).toEqual(Object.keys(environment).sort());
    expect(events).toEqual([]);
  });

  it('hands variables of the environment to the services', async () => {
    const events: FleetEvent[] = [];
    const environment = { BETA_START_DELAY: '300ms', ALPHA_LOG_LEVEL: 'debug' };
    await using _ = await TestFleet.start({ services, environment, onEvent: (event) => events.push(event) });
    const beta = events.find((event) => event.type === 'step-ready' && event.step.name === 'beta');
    expect(beta?.type === 'step-ready' ? beta.tookMs : 0).toBeGreaterThanOrEqual(290);
  });

  it('says which port is taken, by whom and who needs it', async () => {
    const fleet = await TestFleet.create({ services });
    await using _ = fleet;
    const blocker = createServer().listen(fleetPort(fleet), '127.0.0.1');
    await once(blocker, 'listening');
    try {
      const start = fleet.start();
      await expect(start).rejects.toThrow(FleetRefusedError);
      await expect(start).rejects.toThrow(/^port \d+, which alpha needs for grpc, is taken by .* \(pid \d+\)/);
    } finally {
      blocker.close();
    }
  });

  it('names the step that failed and why, and stops what it had started', async () => {
    const fleet = await TestFleet.create({ services, environment: { BETA_FAILURE: 'start' } });
    await using _ = fleet;
    const error: unknown = await fleet.start().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(FleetStartError);
    expect(error).toMatchObject({ step: 'beta', message: 'beta was told to fail' });
    expect(existsSync(fleet.file)).toBe(false);
  });

  it('gives up a start when told to, with nothing left', async () => {
    const fleet = await TestFleet.create({ services, environment: { ALPHA_START_DELAY: '60s' } });
    await using _ = fleet;
    const told = new AbortController();
    const start = fleet.start(told.signal);
    const reason = new Error('told to stop');
    setTimeout(() => told.abort(reason), 500);
    await expect(start).rejects.toBe(reason);
  });

  it('stops in time although a service hangs', async () => {
    await using _ = await TestFleet.start({ services, environment: { ALPHA_FAILURE: 'stop', BETA_FAILURE: 'stop' } });
  });
});

function fleetPort(fleet: TestFleet): number {
  return fleet.port('alpha', 'grpc');
}

describeProcesses('a fleet of processes', () => {
  it('starts every service as a process of its own on real servers', async () => {
    await using fleet = await TestFleet.start({ services, mode: 'processes' });
    const { services: entries, stores, launcher } = fleet.describe();
    expect(launcher.mode).toBe('processes');
    expect(new Set(entries.map(({ pid }) => pid)).size).toBe(2);
    expect(entries.map(({ pid }) => pid)).not.toContain(process.pid);
    expect(stores.redis.central).toMatch(/^redis:/);
    expect(stores.log).toMatch(/^nats:/);
    for (const { url } of entries) expect(await askReadiness(url, 2000)).toEqual({ state: 'ready' });
  });

  it('starts a crashed service again and says so', async () => {
    const events: FleetEvent[] = [];
    await using fleet = await TestFleet.start({ services, mode: 'processes', onEvent: (event) => events.push(event) });
    const before = entryOf(fleet, 'beta').pid;
    process.kill(before, 'SIGKILL');
    await settle(() => events.some(({ type }) => type === 'restarted'), { timeoutMs: 10_000 });
    const after = entryOf(fleet, 'beta').pid;
    expect(after).not.toBe(before);
    expect(findProcess(after)).toBeDefined();
    expect(events).toContainEqual(expect.objectContaining({ type: 'crashed', name: 'beta', how: 'signal SIGKILL' }));
  });

  it('starts a crashed server again', async () => {
    const events: FleetEvent[] = [];
    await using _ = await TestFleet.start({ services, mode: 'processes', onEvent: (event) => events.push(event) });
    const redis = _.pidOf('redis') ?? 0;
    process.kill(redis, 'SIGKILL');
    await settle(() => events.some((event) => event.type === 'restarted' && event.name === 'redis'), {
      timeoutMs: 10_000,
    });
  });

  it('ends a service that hangs when the launcher is killed', async () => {
    const options = { dataDir: await tempDir(), environment: { PATH: process.env.PATH, ALPHA_FAILURE: 'hang' } };
    const launcher = fork(launcherChild, [JSON.stringify(options)], { execArgv: [] });
    const [description]: FleetDescription[] = await once(launcher, 'message');
    const children = (description?.services ?? [])
      .map(({ pid }) => findProcess(pid))
      .filter((child) => child !== undefined);
    expect(children).toHaveLength(2);
    await makeHang(description);
    launcher.kill('SIGKILL');
    await settle(() => !children.some(isRunning), { timeoutMs: 10_000, describe: 'the end of both services' });
    await expectNoProcessLeft(options.dataDir);
  }, 60_000);

  it('stops in time although a service hangs', async () => {
    await using fleet = await TestFleet.start({ services, mode: 'processes', environment: { ALPHA_FAILURE: 'hang' } });
    await makeHang(fleet.describe());
  });

  it('passes on why a service could not start', async () => {
    const start = TestFleet.start({ services, mode: 'processes', environment: { ALPHA_FAILURE: 'start' } });
    const error: unknown = await start.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ step: 'alpha', message: 'alpha was told to fail' });
  });

  it('names every missing program', async () => {
    const empty = await tempDir();
    const start = TestFleet.start({ services, mode: 'processes', environment: { PATH: empty } });
    await expect(start).rejects.toThrow(FleetRefusedError);
    await expect(start).rejects.toThrow(
      /redis-server 7 or later.* not found on the PATH; install with npm run setup:services/,
    );
  });
});

const launcherChild = new URL('../testing/launcher.child.ts', import.meta.url);

/** Connects to alpha, told to hang at that, until it does not answer any more. */
async function makeHang(description: FleetDescription | undefined): Promise<void> {
  const alpha = description?.services.find(({ name }) => name === 'alpha');
  const socket = connect(Number(alpha?.grpc?.split(':').at(-1)), '127.0.0.1');
  socket.on('error', () => undefined);
  await settle(async () => (await askReadiness(alpha?.url ?? '', 500)).state === 'unreachable', { timeoutMs: 10_000 });
  socket.destroy();
}

function entryOf(fleet: TestFleet, name: string) {
  const entry = findFleetFile(fleet.dataDir)?.description.services.find((service) => service.name === name);
  if (!entry) throw new Error(`${name} is not in fleet.json`);
  return entry;
}
