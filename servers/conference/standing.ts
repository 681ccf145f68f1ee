/** How somebody takes part: by what right, how he came, and what goes along with him. */

import type { Identity } from "./identity.ts";
import type { Muting } from "./muting.ts";
import type { Actor } from "./rights.ts";
import type { Present } from "./roster.ts";

/** By what right, and how, somebody is here. */
export interface Standing extends Pick<Actor, "key" | "moderator"> {
  /** Moderator of every conference, and so also after a move. */
  readonly everywhere?: boolean;
  readonly method: Present["method"];
  /** The key of whoever had them called. */
  readonly invitedBy?: symbol | undefined;
}

/** What goes along with somebody whose call, or whose leg at the mixer, is another one now. */
export interface Bearing {
  readonly muting: Muting;
  readonly hand: boolean;
}

/** Who takes part, and how he comes in. */
export interface Newcomer {
  readonly identity: Identity;
  readonly standing: Standing;
  readonly room: string;
  /** Heard and without a wish when missing; who is muted has a leg at the mixer that was ordered `silenced`. */
  readonly bearing?: Bearing | undefined;
}
