import { FakeClock } from '@frameworks/std';
import { describe, expect, it } from 'vitest';
import { createLogger } from '../log.ts';
import { DenialLog } from './denial-log.ts';

function fixture() {
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const log = createLogger({ service: 'x', instance: 'a', destination });
  const clock = new FakeClock();
  let counted = 0;
  const metrics = { ended() {}, retried() {}, denied: () => void counted++ };
  const denials = new DenialLog({ log, metrics, clock });
  const deny = (method: string) =>
    denials.denied({ method, reason: 'CALLER_NOT_ALLOWED', caller: 'node', peer: 'spiffe://d/x', actor: undefined });
  return { lines, clock, deny, counted: () => counted };
}

describe('the log of denials', () => {
  it('writes the first of a kind, then at most one in ten seconds that says how many it left out', async () => {
    const { lines, clock, deny, counted } = fixture();
    for (let n = 0; n < 1_000; n++) deny('a.B/C');
    deny('a.B/D');
    expect(lines.map(({ method, suppressed }) => [method, suppressed])).toEqual([
      ['a.B/C', 0],
      ['a.B/D', 0],
    ]);
    await clock.advance(10_000);
    deny('a.B/C');
    expect(lines.at(-1)).toMatchObject({ event: 'rpc_denied', method: 'a.B/C', peer: 'spiffe://d/x', suppressed: 999 });
    expect(counted()).toBe(1_002);
  });

  it('remembers a bounded number of kinds and forgets those that ended', async () => {
    const { lines, clock, deny } = fixture();
    for (let n = 0; n < 5_000; n++) deny(`a.B/M${n}`);
    expect(lines.length).toBe(513);
    await clock.advance(10_000);
    deny('a.B/New');
    expect(lines.at(-1)).toMatchObject({ method: 'a.B/New', suppressed: 0 });
  });
});
