/** Run by `leader.redis.test.ts` as a process to be killed: contends for a lease and prints every state. */
import { systemClock } from '@frameworks/std/system-clock';
import { LeaderElection } from '../leader.ts';
import { openKv } from '../open.ts';

const [url = '', owner = '', ttlMs = '0'] = process.argv.slice(2);
const kv = await openKv(url, { cell: 'leader-test', clock: systemClock });
const key = kv.key('leader', 'federation');
const election = new LeaderElection({ kv, key, owner, ttlMs: Number(ttlMs), clock: systemClock });
election.start();
for await (const state of election.changes(new AbortController().signal)) {
  process.stdout.write(`${JSON.stringify(state)}\n`);
}
