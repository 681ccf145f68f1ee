/** Finds another place at a mixer for those whose mixer is gone; the phone hears where its media go now (promise F3). */

import { setTimeout as pause } from "node:timers/promises";
import { MIXER_GONE, type Participant } from "./participant.ts";

/** With the time until a mixer is found dead it is five seconds in all. */
const PATIENCE_MS = 2_250;
const AGAIN_MS = 200;

export class Rehome {
  readonly #seat: (participant: Participant) => Promise<void>;
  readonly #searching = new Set<Participant>();

  /** `seat` gets a place in the room he was in. Throws SipError. */
  constructor(seat: (participant: Participant) => Promise<void>) {
    this.#seat = seat;
  }

  /** Resolves when he has a place again, or has been told goodbye. */
  async find(participant: Participant): Promise<void> {
    if (this.#searching.has(participant)) return;
    this.#searching.add(participant);
    const until = performance.now() + PATIENCE_MS;
    while (!participant.seated && !participant.ended) {
      if (performance.now() > until) void participant.end(MIXER_GONE);
      else await this.#seat(participant).catch(() => pause(AGAIN_MS, undefined, { ref: false }));
    }
    this.#searching.delete(participant);
  }
}
