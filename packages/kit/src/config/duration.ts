const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

type Unit = keyof typeof unitMs;

/** What `parseDuration` understands, for messages. */
export const durationForms = 'a duration such as 500ms, 10s, 5m, 72h, 30d, or plain milliseconds';

/**
 * Milliseconds of `500ms`, `10s`, `1.5m`, `72h`, `30d`, or of a plain whole number. `undefined` for anything else: signs,
 * blanks inside, several units, fractions of a millisecond, or more than can be counted exactly.
 */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,16})(?:\.(\d{1,9}))?(ms|s|m|h|d)?$/.exec(text.trim());
  if (match === null) return undefined;
  const [, whole = '', fraction = '', unit = 'ms'] = match;
  // `as`: the pattern admits these units only.
  const scale = unitMs[unit as Unit];
  // Whole numbers all the way: 0.1 h through floating point is not 360000.
  const scaled = BigInt(whole + fraction) * BigInt(scale);
  const divisor = 10n ** BigInt(fraction.length);
  if (scaled % divisor !== 0n) return undefined;
  const ms = Number(scaled / divisor);
  return Number.isSafeInteger(ms) ? ms : undefined;
}

/** The shortest text that `parseDuration` reads back as `ms` milliseconds: 90000 → `90s`, 72 h in ms → `3d`. */
export function formatDuration(ms: number): string {
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    if (ms !== 0 && ms % unitMs[unit] === 0) return `${ms / unitMs[unit]}${unit}`;
  }
  return `${ms}ms`;
}
