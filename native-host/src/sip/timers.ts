/** The three base timers of RFC 3261 (table 4), from which all others are made. */
export interface Timers {
  /** Estimate of the round trip, milliseconds. */
  readonly t1: number;
  /** Longest pause between retransmissions of a non-INVITE request or an INVITE response, milliseconds. */
  readonly t2: number;
  /** How long a message may stay in the network, milliseconds. */
  readonly t4: number;
}

export const DEFAULT_TIMERS: Timers = { t1: 500, t2: 4000, t4: 5000 };

/** Timers with what `some` leaves out filled in. */
export function withDefaultTimers(some: Partial<Timers> | undefined): Timers {
  return { ...DEFAULT_TIMERS, ...some };
}

/** How long a transaction waits before it gives up: timers B, F, H, J, L and M (RFC 3261 table 4, RFC 6026 §8.4). */
export function giveUpAfterMs(timers: Timers): number {
  return 64 * timers.t1;
}
