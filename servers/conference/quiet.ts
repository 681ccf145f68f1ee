/**
 * What the mixer is told of a phone's media, and the phone of the mixer's: whoever is silenced, or has put the conference on
 * hold, is not heard in it. By the direction of the media alone (RFC 3264 §8.4), which every mixer understands.
 */

import { withDirection, withoutSending } from "#sdp/hold.ts";
import { answerDirection } from "#sdp/offer-answer.ts";
import { type Direction, readAudio, receives } from "#sdp/session.ts";
import type { InviteOptions } from "#sip/leg.ts";
import type { Sdp } from "#sip/message.ts";

/** A description without usable audio says nothing about direction; the default is both ways (RFC 3264 §5.1). */
export function directionOf(description: Sdp): Direction {
  return readAudio(description)?.direction ?? "sendrecv";
}

/** Whether both have the audio sent to the same address and port. */
export function samePlace(one: Sdp, other: Sdp): boolean {
  const [here, there] = [readAudio(one), readAudio(other)];
  return here?.address === there?.address && here?.port === there?.port;
}

/** Somebody who does not listen has put us on hold, and what comes is music. */
export function isOnHold(phone: Sdp): boolean {
  return !receives(directionOf(phone));
}

/** The phone's description as the mixer may have it. */
export function toMixer(phone: Sdp, silenced: boolean): Sdp {
  return silenced || isOnHold(phone) ? withoutSending(phone) : phone;
}

/** The mixer's answer as the phone may have it: one that was told to send nothing would not begin again by itself. */
export function toPhone(answer: Sdp, phone: Sdp): Sdp {
  const direction = answerDirection(directionOf(phone), "sendrecv");
  return direction === directionOf(answer) ? answer : withDirection(answer, direction);
}

type Media = Pick<InviteOptions, "offer" | "answerOffer">;

/** The media of an order of somebody who is not to be heard, or of anybody on hold, as the mixer may have them. */
export function quieted({ offer, answerOffer, silenced = false }: Media & { silenced?: boolean }): Media {
  return {
    ...(offer !== undefined && { offer: toMixer(offer, silenced) }),
    ...(answerOffer && { answerOffer: async (theirs) => toMixer(await answerOffer(theirs), silenced) }),
  };
}
