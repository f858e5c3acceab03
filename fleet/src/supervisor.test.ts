import { FakeClock } from '@frameworks/std';
import { describe, expect, it } from 'vitest';
import type { FleetEvent } from './events.ts';
import { Supervisor } from './supervisor.ts';
import type { RunningUnit, Unit, UnitExit } from './unit.ts';

const policy = { backoff: { baseMs: 100, maxMs: 1000 }, mostCrashes: 3, windowMs: 60_000 };

/** A unit whose process ends when the test says so. */
function createUnit(options: { stop?: () => Promise<void>; failures?: number } = {}) {
  let pid = 0;
  let failures = options.failures ?? 0;
  const killed: number[] = [];
  let crash: (exit: UnitExit) => void = () => {};
  const unit: Unit = {
    step: { name: 'alpha', title: 'alpha' },
    logFile: '/log',
    launch: async (): Promise<RunningUnit> => {
      if (pid > 0 && failures-- > 0) throw new Error('no luck');
      const own = ++pid;
      const exited = new Promise<UnitExit>((resolve) => {
        crash = resolve;
      });
      return { pid: own, exited, stop: options.stop ?? (async () => {}), kill: async () => void killed.push(own) };
    },
  };
  return { unit, killed, crash: () => crash({ code: 1, signal: undefined }), starts: () => pid };
}

function supervise(unit: Unit) {
  const clock = new FakeClock();
  const events: FleetEvent[] = [];
  const alive = new Set<number>();
  const supervisor = new Supervisor({
    unit,
    clock,
    policy,
    onEvent: (event) => events.push(event),
    onProcess: (pid, up) => void (up ? alive.add(pid) : alive.delete(pid)),
  });
  const waits = () => events.flatMap((event) => (event.type === 'crashed' ? [event.restartInMs] : []));
  return { supervisor, clock, events, alive, waits };
}

const never = new AbortController().signal;

describe('Supervisor', () => {
  it('starts a crashed unit again, waiting longer each time, and gives up after too many crashes', async () => {
    const { unit, crash, starts } = createUnit();
    const { supervisor, clock, alive, waits } = supervise(unit);
    await supervisor.start(never);
    for (const [index, waitMs] of [100, 200, 400].entries()) {
      crash();
      await expect.poll(waits).toHaveLength(index + 1);
      await clock.advance(waitMs);
      await expect.poll(() => supervisor.pid).toBe(index + 2);
    }
    crash();
    await expect.poll(waits).toEqual([100, 200, 400, undefined]);
    expect([supervisor.pid, starts(), alive.size]).toEqual([undefined, 4, 0]);
  });

  it('forgives crashes that are long past', async () => {
    const { unit, crash } = createUnit();
    const { supervisor, clock, waits } = supervise(unit);
    await supervisor.start(never);
    for (let round = 0; round < 5; round++) {
      crash();
      await expect.poll(waits).toHaveLength(round + 1);
      await clock.advance(100);
      await expect.poll(() => supervisor.pid).toBe(round + 2);
      await clock.advance(policy.windowMs);
    }
    expect(waits()).toEqual([100, 100, 100, 100, 100]);
  });

  it('counts a restart that fails as a crash, with its reason', async () => {
    const { unit, crash } = createUnit({ failures: 1 });
    const { supervisor, clock, events, waits } = supervise(unit);
    await supervisor.start(never);
    crash();
    await expect.poll(waits).toEqual([100]);
    await clock.advance(100);
    await expect.poll(waits).toEqual([100, 200]);
    expect(events.at(-1)).toMatchObject({ type: 'crashed', how: 'no luck' });
    await clock.advance(200);
    await expect.poll(() => supervisor.pid).toBe(2);
  });

  it('does not start again what it was told to stop', async () => {
    const { unit, crash, starts } = createUnit();
    const { supervisor, clock, alive, events } = supervise(unit);
    await supervisor.start(never);
    crash();
    await expect.poll(() => events).toHaveLength(1);
    await supervisor.stop(1000);
    await clock.advance(10_000);
    expect([starts(), alive.size]).toEqual([1, 0]);
  });

  it('kills what does not stop in time', async () => {
    const { unit, killed } = createUnit({ stop: () => new Promise(() => {}) });
    const { supervisor, clock, alive } = supervise(unit);
    await supervisor.start(never);
    const stopped = supervisor.stop(1000);
    await clock.advance(1000);
    await stopped;
    expect([killed, alive.size]).toEqual([[1], 0]);
  });

  it('leaves the failure of a first start to the caller', async () => {
    const unit: Unit = {
      step: { name: 'a', title: 'a' },
      logFile: '/log',
      launch: () => Promise.reject(new Error('no')),
    };
    const { supervisor, events } = supervise(unit);
    await expect(supervisor.start(never)).rejects.toThrow('no');
    await supervisor.stop(1000);
    expect(events).toEqual([]);
  });
});
