import { formatDuration, type Mistake } from '@frameworks/kit/config';

/** Milliseconds each. */
export interface Lifetimes {
  readonly serviceLeafTtlMs: number;
  readonly nodeLeafTtlMs: number;
  readonly intermediateTtlMs: number;
  readonly rootTtlMs: number;
}

/**
 * Lifetimes must leave room for each other: a certificate ends with its issuer, so an issuer at the end of its signing time needs
 * the longest certificate ahead of it.
 */
export function listLifetimeMistakes({ intermediateTtlMs, rootTtlMs, ...leaves }: Lifetimes): Mistake[] {
  const leafMs = Math.max(leaves.serviceLeafTtlMs, leaves.nodeLeafTtlMs);
  return [
    ...requireAtLeast('NAVIGATOR_INTERMEDIATE_TTL', intermediateTtlMs, 2 * leafMs),
    ...requireAtLeast('NAVIGATOR_ROOT_TTL', rootTtlMs, 2 * (leafMs + intermediateTtlMs)),
  ];
}

function requireAtLeast(variable: string, ms: number, leastMs: number): Mistake[] {
  if (ms >= leastMs) return [];
  const message = `must be at least ${formatDuration(leastMs)} with the other lifetimes given, not ${formatDuration(ms)}`;
  return [{ variable, message }];
}
