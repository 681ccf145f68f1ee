/** The end of a server that nobody notices: no conference begins any more, and it is over when the last one is. */

import type { Focus } from "./focus.ts";

export interface DrainOptions {
  /** After so long it is over whoever is still there, milliseconds. */
  readonly limitMs: number;
  /** Nobody is left, or the time is over. */
  onDrained(): void;
}

const LOOK_EVERY_MS = 200;

export class Drain {
  readonly #focus: Focus;
  #clock: NodeJS.Timeout | undefined;

  constructor(focus: Focus) {
    this.#focus = focus;
  }

  /** Again with another limit, too. */
  begin({ limitMs, onDrained }: DrainOptions): void {
    clearInterval(this.#clock);
    const { members, invitations } = this.#focus;
    const startedAt = performance.now();
    this.#focus.draining = true;
    this.#clock = setInterval(() => {
      const empty = members.size + invitations.size === 0;
      if (!empty && performance.now() - startedAt < limitMs) return;
      clearInterval(this.#clock);
      onDrained();
    }, LOOK_EVERY_MS);
  }

  /** Conferences are begun again; false when it had not begun. */
  end(): boolean {
    if (!this.#clock) return false;
    clearInterval(this.#clock);
    this.#clock = undefined;
    this.#focus.draining = false;
    return true;
  }
}
