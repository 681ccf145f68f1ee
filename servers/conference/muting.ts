/**
 * Who has muted a participant. A mute of one's own and one by a moderator are two: nobody is made audible by others, and
 * whoever was muted by a moderator is so until one lifts it.
 */

import { SipError } from "#sip/sip-error.ts";

/** `self` is whoever it is about; `moderator` is everybody else who may, whoever had him called among them. */
export type By = "self" | "moderator";

/** Never changes; a participant whose mute changed has another one. */
export interface Muting {
  readonly self: boolean;
  readonly moderator: boolean;
}

export const HEARD: Muting = { self: false, moderator: false };

export interface MuteChange {
  readonly muted: boolean;
  readonly by: By;
  /** Whether whoever it is about is a moderator, and so may lift any mute of his. */
  readonly moderator: boolean;
}

export function isMuted({ self, moderator }: Muting): boolean {
  return self || moderator;
}

/** Whether nobody else's mute is in the way. */
export function mayMute(now: Muting, { muted, by, moderator }: MuteChange): boolean {
  if (muted) return true;
  return by === "self" ? moderator || !now.moderator : now.moderator || !now.self;
}

/** What becomes of it. Throws SipError 403 when somebody else's mute is in the way. */
export function muting(now: Muting, change: MuteChange): Muting {
  const { muted, by, moderator } = change;
  if (!mayMute(now, change)) throw new SipError(403, "Muted By Somebody Else");
  return !muted && by === "self" && moderator ? HEARD : { ...now, [by]: muted };
}

/** Muted still, by nobody but oneself. */
export function asOnesOwn(now: Muting): Muting {
  return isMuted(now) ? { self: true, moderator: false } : HEARD;
}
