/** Does what a member asks of the conference in a conference-control INFO, if he may. */

import { SipError } from "#sip/sip-error.ts";
import type { Conference } from "./conference.ts";
import { readControl } from "./conference-control.ts";
import type { By } from "./muting.ts";
import type { Participant } from "./participant.ts";
import { mayRule } from "./rights.ts";

/** Throws SipError: 400 not understood, 403 not allowed, 404 nobody of that name. Nothing is done then. */
export function control(
  body: { type: string; content: string } | undefined,
  conference: Conference,
  member: Participant,
): void {
  const wish = readControl(body);
  if (!wish) throw new SipError(400, "Bad Request");
  if (wish.locked !== undefined && !member.moderator) throw new SipError(403, "Forbidden");
  const mutes = wish.mutes.map(({ user, muted }) => {
    const may = (call: Participant) => mayRule(member, call) && call.maySilence(muted, by(member, call));
    return { muted, calls: ruled(conference, user, may) };
  });
  const hands = wish.hands.map(({ user, raised }) => {
    const may = (call: Participant) => by(member, call) === "self" || (!raised && member.moderator);
    return { raised, calls: ruled(conference, user, may) };
  });
  if (wish.locked !== undefined) conference.setPolicy({ locked: wish.locked });
  for (const { muted, calls } of mutes) {
    // Whom the mixer does not listen to any more is seen in the roster; a call that ends meanwhile is silent too.
    for (const call of calls) call.silence(muted, by(member, call)).catch(() => undefined);
  }
  for (const { raised, calls } of hands) for (const call of calls) call.raiseHand(raised);
}

function by(member: Participant, call: Participant): By {
  return call.key === member.key ? "self" : "moderator";
}

/** The calls of that user for which it is allowed. */
function ruled(conference: Conference, user: string, may: (call: Participant) => boolean): Participant[] {
  const found = conference.find(user);
  if (found.length === 0) throw new SipError(404, "Not In The Conference");
  const calls = found.filter(may);
  if (calls.length === 0) throw new SipError(403, "Forbidden");
  return calls;
}
