// `npm run bench:rpc`: what our RPC layer costs over bare grpc-js, in calls and messages per second of one process that is
// both server and client. Rounds alternate, so that whatever else the machine does meets both alike; only ratios count.
import { createTestAuthority, testServiceId } from '@frameworks/identity/testing';
import { median, saveResult } from './result.ts';
import { startBare } from './rpc/bare.ts';
import type { Contestant } from './rpc/contestant.ts';
import { startOurs } from './rpc/ours.ts';

const rounds = 3;
const roundMs = 700;
const warmUpMs = 300;
const concurrentCalls = 32;
const text = 'x'.repeat(256);

/** Unary calls per second with `concurrentCalls` under way at any time. */
async function measureUnary(contestant: Contestant, forMs: number): Promise<number> {
  const beganMs = performance.now();
  let calls = 0;
  const caller = async () => {
    for (; performance.now() - beganMs < forMs; calls++) await contestant.say(text);
  };
  await Promise.all(Array.from({ length: concurrentCalls }, caller));
  return calls / ((performance.now() - beganMs) / 1000);
}

/** Messages per second that come back on one bidirectional stream. */
async function measureStream(contestant: Contestant, forMs: number): Promise<number> {
  const beganMs = performance.now();
  const answers = await contestant.chat(text, () => performance.now() - beganMs < forMs);
  return answers / ((performance.now() - beganMs) / 1000);
}

async function measureAll(contestants: readonly Contestant[], measure: typeof measureUnary): Promise<number[]> {
  const rates = contestants.map((): number[] => []);
  for (const contestant of contestants) await measure(contestant, warmUpMs);
  for (let round = 0; round < rounds; round++) {
    for (const [index, contestant] of contestants.entries()) rates[index]?.push(await measure(contestant, roundMs));
  }
  return rates.map(median);
}

const authority = await createTestAuthority();
const server = await authority.issue(testServiceId('echo'));
const caller = await authority.issue(testServiceId('caller'));
const contestants = [await startBare(server, caller), await startOurs(server, caller)];
const report: Record<string, object> = {};
for (const [name, measure] of [
  ['unary', measureUnary],
  ['bidi', measureStream],
] as const) {
  const [bare = Number.NaN, ours = Number.NaN] = await measureAll(contestants, measure);
  const costRatio = Math.round((bare / ours) * 100) / 100;
  report[name] = { barePerSecond: Math.round(bare), oursPerSecond: Math.round(ours), costRatio };
}
for (const contestant of contestants) await contestant.close();
console.log(JSON.stringify(report, null, 2));
await saveResult('rpc', { rounds, messageBytes: text.length, concurrentCalls, ...report });
