/** Legs that a focus took over into a new one: it ends them itself (RFC 3891 §3); if it forgets, we do. */

import type { Leg } from "../sip/leg.ts";

const REPLACED_WITHIN_MS = 2000;

export class ReplacedLegs {
  readonly #legs = new Map<Leg, NodeJS.Timeout>();

  add(leg: Leg): void {
    if (leg.state === "ended") return;
    const forgotten = () => {
      this.#legs.delete(leg);
      void leg.bye("replaced");
    };
    this.#legs.set(leg, setTimeout(forgotten, REPLACED_WITHIN_MS));
  }

  /** The peer ended it. */
  ended(leg: Leg): void {
    clearTimeout(this.#legs.get(leg));
    this.#legs.delete(leg);
  }

  /** Ends all that are left; resolves when their peers have heard it. */
  async end(): Promise<void> {
    const legs = [...this.#legs.keys()];
    for (const timer of this.#legs.values()) clearTimeout(timer);
    this.#legs.clear();
    await Promise.all(legs.map((leg) => leg.bye()));
  }
}
