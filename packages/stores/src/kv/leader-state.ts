/**
 * The states of one contender for a lease, and every way from one to another. Times are on the contender's monotonic
 * clock, in milliseconds. Transitions are pure; a wrong source state is a bug and throws.
 *
 *     follower → settling | leader → follower → …      any → stopped
 */
export type LeaderState = Follower | Settling | Leading | Stopped;

export interface Follower {
  readonly kind: 'follower';
  /** The highest fence ever seen, told at every acquisition so that fences rise even if the store forgets. */
  readonly highestFence: number;
}

/** Holds the lease but must not act yet: the store may have forgotten a leader who still does. */
export interface Settling {
  readonly kind: 'settling';
  readonly fence: number;
  readonly until: number;
  readonly actsFrom: number;
}

export interface Leading {
  readonly kind: 'leader';
  readonly fence: number;
  /** From here on the lease may have expired: acting must have stopped before. */
  readonly until: number;
}

export interface Stopped {
  readonly kind: 'stopped';
  readonly highestFence: number;
}

export interface Timing {
  ttlMs: number;
  /** How much earlier than the store's expiry a leader stops, for clocks that run at different speeds. */
  marginMs: number;
}

/** A tenth: no two clocks of healthy machines drift apart that far within one lease. */
export function timingOf(ttlMs: number): Timing {
  return { ttlMs, marginMs: ttlMs / 10 };
}

export const initialState: Follower = { kind: 'follower', highestFence: 0 };

export interface Grant {
  fence: number;
  mayHaveForgotten: boolean;
  /** When the request was sent: the store started the lease no earlier. */
  sentAt: number;
}

/** follower → settling | leader */
export function acquired(state: LeaderState, grant: Grant, { ttlMs, marginMs }: Timing): Settling | Leading {
  if (state.kind !== 'follower') throw wrongSource('acquired', state);
  const { fence, sentAt } = grant;
  const until = sentAt + ttlMs - marginMs;
  if (!grant.mayHaveForgotten) return { kind: 'leader', fence, until };
  return { kind: 'settling', fence, until, actsFrom: sentAt + ttlMs };
}

/** follower → follower that knows of a higher fence */
export function refused(state: LeaderState, highestFence: number): Follower {
  if (state.kind !== 'follower') throw wrongSource('refused', state);
  return highestFence <= state.highestFence ? state : { kind: 'follower', highestFence };
}

/** settling → settling, leader → leader, with more time. Never less: answers may arrive out of order. */
export function renewed(state: LeaderState, sentAt: number, { ttlMs, marginMs }: Timing): Settling | Leading {
  if (state.kind !== 'settling' && state.kind !== 'leader') throw wrongSource('renewed', state);
  return { ...state, until: Math.max(state.until, sentAt + ttlMs - marginMs) };
}

/** settling → leader, once whoever was forgotten must have stopped */
export function settled(state: LeaderState, now: number): Leading {
  if (state.kind !== 'settling') throw wrongSource('settled', state);
  if (now < state.actsFrom) throw new Error(`settled ${state.actsFrom - now} ms too early`);
  return { kind: 'leader', fence: state.fence, until: state.until };
}

/** settling | leader → follower: renewal refused, or time ran out without one */
export function lost(state: LeaderState): Follower {
  if (state.kind !== 'settling' && state.kind !== 'leader') throw wrongSource('lost', state);
  return { kind: 'follower', highestFence: state.fence };
}

/** any → stopped */
export function stopped(state: LeaderState): Stopped {
  return { kind: 'stopped', highestFence: 'fence' in state ? state.fence : state.highestFence };
}

/** What the clock alone makes of a state: lost when its time is up, leading once it has settled, otherwise itself. */
export function atTime(state: LeaderState, now: number): LeaderState {
  if ('until' in state && now >= state.until) return lost(state);
  if (state.kind === 'settling' && now >= state.actsFrom) return settled(state, now);
  return state;
}

/** The next moment at which the clock alone changes the state; `Infinity` if it never does. */
export function nextTurnOf(state: LeaderState): number {
  if (state.kind === 'settling') return Math.min(state.until, state.actsFrom);
  return state.kind === 'leader' ? state.until : Number.POSITIVE_INFINITY;
}

/** May this state act at this moment? The one question; the clock decides it, whatever timers have or have not run. */
export function isActing(state: LeaderState, now: number): state is Leading {
  return state.kind === 'leader' && now < state.until;
}

function wrongSource(transition: string, state: LeaderState): Error {
  return new Error(`leader: no transition "${transition}" from "${state.kind}"`);
}
