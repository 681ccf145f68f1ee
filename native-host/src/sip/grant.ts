/** How long a subscription of ours was granted, and when to ask for more (RFC 6665 §4.1.2.2). */

/** The longest any grant counts, a day: a timer must be able to hold it. */
export const LONGEST_GRANT_S = 86_400;

/** A NOTIFY that says so much less than we believe is left is believed instead, seconds. */
const TOLERANCE_S = 5;

export class Grant {
  #seconds: number;
  #at = performance.now();
  /** What is left when the refresh is due, milliseconds. */
  #leftMs = 0;
  #heldMs: number | undefined;

  constructor(seconds: number) {
    this.#seconds = seconds;
  }

  /** From the grant, or from a refresh that failed for now, to the next refresh. */
  get refreshAfterMs(): number {
    return this.#heldMs ?? refreshAfterMs(this.#seconds);
  }

  renew(seconds: number): void {
    this.#seconds = Math.min(seconds, LONGEST_GRANT_S);
    this.#at = performance.now();
    this.#heldMs = undefined;
    this.#leftMs = 1000 * this.#seconds - refreshAfterMs(this.#seconds);
  }

  /** Whether the notifier counts on less than we do. */
  isShortenedTo(seconds: number): boolean {
    return seconds < this.#seconds - (performance.now() - this.#at) / 1000 - TOLERANCE_S;
  }

  /** The refresh that was due failed for now; returns whether there is time for another one before the end. */
  hold(retryAfterS: number | undefined): boolean {
    const waitMs = retryAfterS === undefined ? this.#leftMs / 2 : 1000 * retryAfterS;
    if (waitMs < 1000 || waitMs >= this.#leftMs) return false;
    this.#leftMs -= waitMs;
    this.#heldMs = waitMs;
    return true;
  }
}

/** Early enough for a lost SUBSCRIBE to be repeated, half the time for a short grant. */
function refreshAfterMs(seconds: number): number {
  return Math.max(1000 * Math.max(seconds / 2, seconds - 32), 1000);
}
