/** What happens in the conferences of a server, for those who operate it: who comes, goes, moves and changes. */

import type { Conference } from "./conference.ts";
import type { Participant } from "./participant.ts";

interface Somebody {
  readonly participant: Participant;
  readonly conference: Conference;
}

/** Who waits to be let in has not joined yet; whoever waited and is let in joins. */
type PersonalName = "participant-waiting" | "participant-joined" | "participant-left" | "participant-changed";

export type Happening =
  | { readonly name: "conference-created" | "conference-ended"; readonly conference: Conference }
  /** Set up, locked or changed otherwise; it need not be held. */
  | { readonly name: "conference-changed"; readonly id: string }
  | ({ readonly name: PersonalName } & Somebody)
  | ({ readonly name: "participant-moved"; readonly from: Conference } & Somebody);

type Listener = (happening: Happening) => void;

export class Happenings {
  readonly #listeners = new Set<Listener>();

  /** Calls `listener` from now on, before the roster has changed; returns how to stop. It must not throw. */
  follow(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(happening: Happening): void {
    for (const listener of this.#listeners) listener(happening);
  }
}
