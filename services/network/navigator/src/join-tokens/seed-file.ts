import { findPeerIdentity } from '@frameworks/identity/spiffe';

/** A join token made elsewhere: what its maker tells us of it. */
export interface JoinTokenSeed {
  readonly spiffeId: string;
  readonly secretSha256: Uint8Array;
  readonly expiresUnixMs: number;
}

export interface ParsedSeeds {
  readonly seeds: readonly JoinTokenSeed[];
  /** One sentence each, naming the entry. Never a hash: the file's reader has the file. */
  readonly mistakes: readonly string[];
}

/** Reads the whole file; one bad entry does not spoil the others. */
export function parseSeedFile(text: string, trustDomain: string): ParsedSeeds {
  const entries = parseArray(text);
  if (!entries)
    return { seeds: [], mistakes: ['the file must hold a JSON array of {"spiffeId", "sha256", "expiresAt"}'] };
  const readings = entries.map((entry, index) => readEntry(entry, trustDomain, `entry ${index + 1}`));
  return {
    seeds: readings.flatMap((reading) => (reading.seed ? [reading.seed] : [])),
    mistakes: readings.flatMap((reading) => reading.mistakes),
  };
}

interface EntryReading {
  readonly seed?: JoinTokenSeed;
  readonly mistakes: readonly string[];
}

function readEntry(entry: unknown, trustDomain: string, where: string): EntryReading {
  if (typeof entry !== 'object' || entry === null) return { mistakes: [`${where}: must be an object`] };
  const { spiffeId, sha256, expiresAt, ...rest } = entry as Record<string, unknown>; // `as`: any object has unknown properties.
  const expiresUnixMs = typeof expiresAt === 'string' ? parseInstant(expiresAt) : undefined;
  const mistakes = [
    ...describeIdentity(spiffeId, trustDomain),
    ...(isSha256(sha256) ? [] : ['sha256 must be 64 lower-case hex digits']),
    ...(expiresUnixMs === undefined ? ['expiresAt must be a UTC time such as "2030-01-01T00:00:00Z"'] : []),
    ...Object.keys(rest).map((name) => `${JSON.stringify(name)} is not a property`),
  ];
  if (mistakes.length > 0 || typeof spiffeId !== 'string' || !isSha256(sha256) || expiresUnixMs === undefined) {
    return { mistakes: mistakes.map((mistake) => `${where}: ${mistake}`) };
  }
  return { seed: { spiffeId, secretSha256: Buffer.from(sha256, 'hex'), expiresUnixMs }, mistakes: [] };
}

function describeIdentity(spiffeId: unknown, trustDomain: string): string[] {
  const identity = typeof spiffeId === 'string' ? findPeerIdentity(spiffeId) : undefined;
  if (!identity) return ['spiffeId must be the SPIFFE id of a service or a Foghorn'];
  if (identity.kind === 'node') return ['spiffeId is of a node; nodes enroll through their Foghorn'];
  return identity.domain === trustDomain ? [] : [`spiffeId is not in the trust domain ${trustDomain}`];
}

function isSha256(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}

/** Only the unambiguous form: a time without a zone would mean another moment on every machine. */
function parseInstant(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$/.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

function parseArray(text: string): unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
