import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { systemClock } from '@frameworks/std/system-clock';
import { describeWith, settle } from '@frameworks/testkit';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { LeaderElection } from '../leader.ts';
import { openKv } from '../open.ts';

const ttlMs = 1500;

async function contend(url: string, owner: string) {
  const kv = await openKv(url, { cell: 'leader-test', clock: systemClock });
  const election = new LeaderElection({ kv, key: kv.key('leader', 'federation'), owner, ttlMs, clock: systemClock });
  election.start();
  onTestFinished(async () => {
    await election.stop();
    await kv.close();
  });
  return { kv, election };
}

/** A contender in a process of its own that will lead, being first. */
async function spawnLeader(url: string): Promise<{ kill: () => void; fence: number }> {
  const args = [join(import.meta.dirname, 'contender-main.ts'), url, 'victim', String(ttlMs)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const kill = () => void child.kill('SIGKILL');
  onTestFinished(kill);
  for await (const line of createInterface({ input: child.stdout })) {
    const state: { kind: string; fence: number } = JSON.parse(line);
    if (state.kind === 'leader') return { kill, fence: state.fence };
  }
  throw new Error('the contender ended without leading');
}

/** A server younger than a lease suspects itself of having lost one, and makes a successor settle for one more lease. */
async function isOldEnough(url: string): Promise<boolean> {
  const raw = new Redis(url);
  const info = await raw.info('server');
  raw.disconnect();
  return Number(/uptime_in_seconds:(\d+)/.exec(info)?.[1]) * 1000 > ttlMs + 1000;
}

describeWith('redis', 'leader election', (server) => {
  test('a leader killed with −9 is replaced within its lease and a second, with a higher fence', async () => {
    const victim = await spawnLeader(server().url);
    const { election } = await contend(server().url, 'successor');
    await settle(() => election.state.kind === 'follower');
    await settle(() => isOldEnough(server().url), { timeoutMs: 2 * ttlMs + 2000 });
    const startMs = performance.now();
    victim.kill();
    const leadership = await settle(() => election.leadership(), { timeoutMs: ttlMs + 1000 });
    expect(performance.now() - startMs).toBeLessThan(ttlMs + 1000);
    expect(leadership?.fence).toBeGreaterThan(victim.fence);
  });

  test('a planned stop hands over in well under a second', async () => {
    const first = await contend(server().url, 'first');
    await settle(() => first.election.leadership(), { timeoutMs: 4 * ttlMs });
    const second = await contend(server().url, 'second');
    // Refused once, the second has begun to wait; only then is the hand-over what is measured.
    await settle(async () => (await second.kv.readLease(second.kv.key('leader', 'federation'))).owner === 'first');
    const startMs = performance.now();
    await first.election.stop();
    await settle(() => second.election.leadership(), { timeoutMs: 1000 });
    expect(performance.now() - startMs).toBeLessThan(1000);
  });

  test('a connection cut for less than the lease does not unseat the leader', async () => {
    const only = await contend(server().url, 'only');
    const before = await settle(() => only.election.leadership(), { timeoutMs: 4 * ttlMs });
    const other = await openKv(server().url, { cell: 'leader-test', clock: systemClock });
    const raw = new Redis(server().url);
    await raw.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    const { until } = only.election.state as { until: number };
    await settle(() => (only.election.state as { until: number }).until > until, { timeoutMs: ttlMs });
    expect(only.election.leadership()?.fence).toBe(before?.fence);
    raw.disconnect();
    await other.close();
  });
});
