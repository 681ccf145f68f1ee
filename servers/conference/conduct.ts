/** What a participant does beside talking: he mutes himself or is muted, raises a hand, presses keys, and hears what came of it. */

import { SipError } from "#sip/sip-error.ts";
import type { Bearing } from "./bearing.ts";
import { type Command, Keys } from "./keys.ts";
import { asOnesOwn, type By, HEARD, isMuted, type Muting, mayMute, muting } from "./muting.ts";
import type { Prompt } from "./prompts.ts";

export interface ConductOptions {
  /** As he was in the call whose place this one takes. */
  readonly bearing?: Bearing | undefined;
  isModerator(): boolean;
  /** Has the mixer listen to him no longer, or again; resolves when it does so. Throws SipError. */
  quieten(silenced: boolean): Promise<void>;
  play(prompt: Prompt): void;
  /** `silenced`, `mutedBy` or `hand` may have changed. */
  onChanged(): void;
}

export class Conduct {
  readonly keys = new Keys({ onCommand: (command) => this.#command(command) });
  readonly #options: ConductOptions;
  #muting: Muting;
  #silenced: boolean;
  #hand: boolean;

  constructor(options: ConductOptions) {
    const { muting, hand } = options.bearing ?? { muting: HEARD, hand: false };
    this.#options = options;
    this.#muting = muting;
    this.#silenced = isMuted(muting);
    this.#hand = hand;
  }

  /** How the mixer is to have him. */
  get muted(): boolean {
    return isMuted(this.#muting);
  }

  /** Whether the mixer listens to him no longer. */
  get silenced(): boolean {
    return this.#silenced;
  }

  /** Whose mute it is that must be lifted first; undefined while the mixer listens. */
  get mutedBy(): By | undefined {
    if (!this.#silenced) return undefined;
    return this.#muting.moderator ? "moderator" : "self";
  }

  get hand(): boolean {
    return this.#hand;
  }

  get bearing(): Bearing {
    return { muting: this.#muting, hand: this.#hand };
  }

  /** Resolves when the mixer does so. Throws SipError: 403 when it is for somebody else to lift the mute there is. */
  async silence(muted: boolean, by: By): Promise<void> {
    const before = this.#muting;
    const now = muting(before, this.#change(muted, by));
    this.#muting = now;
    try {
      await this.#options.quieten(this.muted);
    } catch (cause) {
      if (this.#muting === now) this.#muting = before;
      throw cause;
    }
    if (this.#silenced === this.muted) return this.#options.onChanged();
    this.#silenced = this.muted;
    this.#tell(this.#silenced ? "muted" : "unmuted");
  }

  maySilence(muted: boolean, by: By): boolean {
    return mayMute(this.#muting, this.#change(muted, by));
  }

  raiseHand(raised: boolean): void {
    if (raised === this.#hand) return;
    this.#hand = raised;
    this.#tell(raised ? "hand-raised" : "hand-lowered");
  }

  /** In another conference nobody else's mute is in force: he stays silent, and may lift it himself. */
  enterAnother(): void {
    this.#muting = asOnesOwn(this.#muting);
  }

  #change(muted: boolean, by: By): Parameters<typeof muting>[1] {
    return { muted, by, moderator: this.#options.isModerator() };
  }

  #tell(prompt: Prompt): void {
    this.#options.onChanged();
    this.#options.play(prompt);
  }

  #command(command: Command): void {
    if (command === "hand") this.raiseHand(!this.#hand);
    else {
      this.silence(!this.muted, "self").catch((cause: unknown) => {
        if (cause instanceof SipError && cause.status === 403) this.#options.play("denied");
      });
    }
  }
}
