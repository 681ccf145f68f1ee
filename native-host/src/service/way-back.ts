/** Back into a conference whose server died without a word: that it did is noticed here, and it is called until it answers. */

import type { ServiceError } from "../errors.ts";
import type { Leg } from "../sip/leg.ts";
import { type FarEnd, isFocus } from "./far-end.ts";
import { FocusWatch } from "./focus-watch.ts";
import { rejoin } from "./rejoin.ts";
import { callFailure } from "./sip-failure.ts";

export interface WayBackOptions {
  /** Calls it once more, if it is still wanted. Throws ServiceError. */
  readonly again: (lost: FarEnd) => Promise<void>;
  /** It is being called; then it is back, or lost. */
  readonly onGone: () => void;
  readonly onBack: () => void;
  readonly onLost: (error: ServiceError) => void;
  /** Aborted when the call is over. */
  readonly signal: AbortSignal;
}

export class WayBack {
  readonly #options: WayBackOptions;
  readonly #watch = new FocusWatch();
  /** Legs whose focus is gone, and did not hang up. */
  readonly #gone = new WeakSet<Leg>();
  #taken = false;

  constructor(options: WayBackOptions) {
    this.#options = options;
  }

  /** Of this far end it is noticed when its focus is gone, of the one before no longer. */
  watch(far: FarEnd, onGone: () => void): void {
    this.#watch.stop();
    if (isFocus(far)) this.#watch.watch(far.leg, onGone);
  }

  stop(): void {
    this.#watch.stop();
  }

  lose(leg: Leg): void {
    this.#watch.stop();
    this.#gone.add(leg);
  }

  isGone(leg: Leg): boolean {
    return this.#gone.has(leg);
  }

  async take(lost: FarEnd): Promise<void> {
    const { again, onGone, onBack, onLost, signal } = this.#options;
    if (this.#taken || signal.aborted) return;
    this.#taken = true;
    onGone();
    try {
      await rejoin(() => again(lost), signal);
      onBack();
    } catch (failed) {
      if (!signal.aborted) onLost(callFailure(lost.target, failed));
    } finally {
      this.#taken = false;
    }
  }
}
