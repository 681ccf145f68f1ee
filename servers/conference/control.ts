/** Does what a member asks of the conference in a conference-control INFO, if he may. */

import { SipError } from "#sip/sip-error.ts";
import type { Conference } from "./conference.ts";
import { readControl } from "./conference-control.ts";
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
  const silenced = wish.mutes.map(({ user, muted }) => ({ muted, calls: ruled(conference, member, user) }));
  if (wish.locked !== undefined) conference.lock(wish.locked);
  for (const { muted, calls } of silenced) {
    // Whom the mixer does not listen to any more is seen in the roster; a call that ends meanwhile is silent too.
    for (const call of calls) call.silence(muted).catch(() => undefined);
  }
}

function ruled(conference: Conference, member: Participant, user: string): Participant[] {
  const found = conference.find(user);
  if (found.length === 0) throw new SipError(404, "Not In The Conference");
  const calls = found.filter((participant) => mayRule(member, participant));
  if (calls.length === 0) throw new SipError(403, "Forbidden");
  return calls;
}
