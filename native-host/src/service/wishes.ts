/** What the user wants of the far end: not to be heard (mute), not to hear it either (hold), or both. */

import { type Direction, wayOf } from "../sdp/session.ts";
import type { MediaPath } from "./media-path.ts";

/** Those who make it true. */
export interface Obeying {
  readonly path: MediaPath | undefined;
  /** Tells the far end. Throws ServiceError. */
  tell(wish: Direction): Promise<void> | undefined;
  /** Something failed that nobody waits for. */
  readonly onTrouble: (what: string, cause: unknown) => void;
}

export class Wishes {
  #muted: boolean;
  #held = false;
  readonly #obeying: () => Obeying;

  constructor(muted: boolean, obeying: () => Obeying) {
    this.#muted = muted;
    this.#obeying = obeying;
  }

  get muted(): boolean {
    return this.#muted;
  }

  get held(): boolean {
    return this.#held;
  }

  get direction(): Direction {
    return wayOf(!this.#muted, !this.#held);
  }

  /** Throws ServiceError when it cannot be had; then all is as before. */
  async setMuted(muted: boolean): Promise<void> {
    const before = this.#muted;
    this.#muted = muted;
    await this.#apply(() => {
      this.#muted = before;
    });
  }

  /** As `setMuted`. */
  async setHeld(held: boolean): Promise<void> {
    const before = this.#held;
    this.#held = held;
    await this.#apply(() => {
      this.#held = before;
    });
  }

  /** A path that gates the media itself has it at once, whatever the far end says; another needs the far end's consent. */
  async #apply(takeBack: () => void): Promise<void> {
    const { path, tell, onTrouble } = this.#obeying();
    if (path) path.wish = this.direction;
    const told = tell(this.direction);
    if (!path || path.gates) {
      told?.catch((cause: unknown) => onTrouble("mute or hold was not signalled", cause));
      return;
    }
    try {
      await told;
    } catch (refused) {
      takeBack();
      path.wish = this.direction;
      tell(this.direction)?.catch((cause: unknown) => onTrouble("mute or hold was not taken back", cause));
      throw refused;
    }
  }
}
