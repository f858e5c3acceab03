import type { Kv } from '../kv.ts';

/** What a case needs from the adapter under test. */
export interface KvHarness {
  /** A client of the store under test. Several of one cell see the same data, as several processes do. */
  open(cell: string): Promise<Kv>;
  /** Lets every time to live in the store be `ms` shorter. */
  advance(ms: number): Promise<void>;
  /** Makes the store lose everything. */
  wipe(): Promise<void>;
}

/** One promise of the seam. Cases share nothing: each gets a cell of its own. */
export interface KvCase {
  name: string;
  run(context: KvCaseContext): Promise<void>;
}

export interface KvCaseContext {
  /** A client of the case's cell. */
  kv: Kv;
  /** A second client of the same cell. */
  other: Kv;
  harness: KvHarness;
}

let cells = 0;

/** Runs one case in a fresh cell and closes what it opened. */
export async function runKvCase(kvCase: KvCase, harness: KvHarness): Promise<void> {
  cells += 1;
  const cell = `case-${process.pid}-${cells}`;
  const kv = await harness.open(cell);
  const other = await harness.open(cell);
  try {
    await kvCase.run({ kv, other, harness });
  } finally {
    await kv.close();
    await other.close();
  }
}

/** A signal for waits that are expected to end by themselves. */
export function patience(ms = 10_000): AbortSignal {
  return AbortSignal.timeout(ms);
}
