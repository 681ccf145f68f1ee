/**
 * What the user wants of the far end: not to be heard (mute), not to hear it either (hold), or both. A conference may keep
 * them silent beside that, by their own `*6`, on entry, or because a moderator mutes them: it is told what they want, too.
 */

import type { MutedBy } from "../api/call-control.ts";
import { ServiceError } from "../errors.ts";
import { type Direction, wayOf } from "../sdp/session.ts";
import { asSipError } from "../sip/sip-error.ts";
import { ask, muteWish } from "./conference-wish.ts";
import type { FarEnd } from "./far-end.ts";
import type { MediaPath } from "./media-path.ts";
import { pause } from "./pause.ts";
import { Turns } from "./turns.ts";

/** Those who make it true. */
export interface Obeying {
  readonly path: MediaPath | undefined;
  readonly far: FarEnd | undefined;
  /** Under which name the conference lists the user. */
  readonly me: string | undefined;
  /** Tells the far end. Throws ServiceError. */
  tell(wish: Direction): Promise<void> | undefined;
  /** Something failed that nobody waits for. */
  readonly onTrouble: (what: string, cause: unknown) => void;
}

/** A conference that says nothing by then does not keep the user's microphone from what they want. */
const ANSWER_WITHIN_MS = 2000;
const LIFT_IT = "lift a moderator's mute; raise a hand to ask for it";

export class Wishes {
  #muted: boolean;
  #held = false;
  /** Mutes and unmutes so far: only the last one counts. */
  #count = 0;
  /** Who keeps the user silent at the conference, as it said last. */
  #silencedBy: MutedBy | undefined;
  readonly #obeying: () => Obeying;
  /** What the conference is told, in order. */
  readonly #told = new Turns();

  constructor(muted: boolean, obeying: () => Obeying) {
    this.#muted = muted;
    this.#obeying = obeying;
  }

  /** Whose mute must be lifted before the user is heard; undefined when they are heard. */
  get mutedBy(): MutedBy | undefined {
    if (this.#silencedBy === "moderator") return "moderator";
    return this.#muted ? "self" : this.#silencedBy;
  }

  get held(): boolean {
    return this.#held;
  }

  get direction(): Direction {
    return wayOf(!this.#muted, !this.#held);
  }

  /** The conference says now that they are silent there, and why. */
  listed(silencedBy: MutedBy | undefined): void {
    this.#silencedBy = silencedBy;
  }

  /** Elsewhere no mute of this conference is in force: whoever is silent stays so, and may lift it himself. */
  leaveConference(): void {
    if (this.#silencedBy === undefined || this.#muted) return;
    this.#setOwn(true).catch((cause: unknown) => this.#obeying().onTrouble("mute was not signalled", cause));
  }

  /**
   * The microphone is off before the conference is told, and on after it was. Throws ServiceError when it cannot be had,
   * `forbidden` when it is for a moderator to lift; then all is as before.
   */
  async setMuted(muted: boolean): Promise<void> {
    this.#count += 1;
    const count = this.#count;
    if (!muted) await this.#told.take(() => this.#unmuteThere());
    if (count !== this.#count) return;
    await this.#setOwn(muted);
    if (muted) void this.#told.take(() => this.#muteThere());
  }

  /** As `setMuted`. */
  async setHeld(held: boolean): Promise<void> {
    const before = this.#held;
    this.#held = held;
    await this.#apply(() => {
      this.#held = before;
    });
  }

  async #setOwn(muted: boolean): Promise<void> {
    const before = this.#muted;
    this.#muted = muted;
    await this.#apply(() => {
      this.#muted = before;
    });
  }

  async #unmuteThere(): Promise<void> {
    const refused = await this.#tellConference(false);
    if (refused === 403) throw new ServiceError("forbidden", [LIFT_IT], { sip: 403 });
    // Its roster comes later.
    if (refused === undefined) this.#silencedBy = undefined;
  }

  async #muteThere(): Promise<void> {
    if (this.#muted) await this.#tellConference(true);
  }

  /** Undefined when it did so, else why not: a status, 408 when it says nothing. */
  async #tellConference(muted: boolean): Promise<number | undefined> {
    const { far, me } = this.#obeying();
    if (!far || me === undefined || far.leg.state === "ended") return 481;
    const over = new AbortController();
    const asked = ask(far, muteWish(me, muted)).then(
      () => undefined,
      (cause: unknown) => asSipError(cause).status,
    );
    const silence = pause(ANSWER_WITHIN_MS, over.signal).then(() => 408);
    return Promise.race([asked, silence]).finally(() => over.abort());
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
