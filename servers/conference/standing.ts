/** How somebody takes part: by what right, how he came, and what goes along with him. */

import type { Bearing } from "./bearing.ts";
import type { Identity } from "./identity.ts";
import type { MediaOrder, Seat } from "./mixer-control.ts";
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

/** Who takes part, and by what right. */
export interface Newcomer {
  readonly identity: Identity;
  readonly standing: Standing;
}

/** Where and how he comes in. */
export interface Entering extends Newcomer {
  readonly room: string;
  /** Heard and without a wish when missing; who is muted has a leg at the mixer that was ordered `silenced`. */
  readonly bearing?: Bearing | undefined;
}

/** What a participant tells the conference. */
export interface ParticipantEvents {
  /** Media, talking or hand changed. */
  onChanged(): void;
  /** The phone asks something of the conference. Throws SipError. */
  onAsked(body: { type: string; content: string } | undefined): void;
  /** The mixer has ended their leg: they need another place, by `reseat`, or have to be told goodbye. */
  onUnseated(): void;
  /** Both legs are gone or going. */
  onEnded(): void;
}

/** Gets a leg of a mixer for media that a phone has described; `replaces` is the leg whose stream is to go on there. */
export type Seating = (media: Pick<MediaOrder, "offer" | "replaces" | "silenced">) => Promise<Seat>;
