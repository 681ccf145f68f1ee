/** Does what a member asks of the conference in a conference-control INFO, if he may. */

import { SipError } from "#sip/sip-error.ts";
import type { Conference } from "./conference.ts";
import { type ControlWish, readControl } from "./conference-control.ts";
import type { By } from "./muting.ts";
import type { Participant } from "./participant.ts";
import { mayRule } from "./rights.ts";

/** What moderators may do beside what a conference can do by itself. */
export interface Powers {
  admit(conference: Conference, who: readonly Participant[]): Promise<void>;
  refuse(conference: Conference, who: readonly Participant[]): Promise<void>;
  end(conference: Conference, reason: string): Promise<void>;
}

/** What is asked, of what, and by whom. */
export interface Asked {
  readonly body: { readonly type: string; readonly content: string } | undefined;
  readonly conference: Conference;
  readonly member: Participant;
}

/** What the phones of those who have to go show (RFC 3326). */
export const REMOVED = "Removed from the conference";
const ENDED = "The moderator ended the conference";

/** Throws SipError: 400 not understood, 403 not allowed, 404 nobody of that name. Nothing is done then. */
export function control({ body, conference, member }: Asked, powers: Powers): void {
  const wish = readControl(body);
  if (!wish) throw new SipError(400, "Bad Request");
  if (isForModerators(wish) && !member.moderator) throw new SipError(403, "Forbidden");
  const door = atTheDoor(wish, { conference, member }, powers);
  const mutes = wish.mutes.map(({ user, muted }) => {
    const may = (call: Participant) =>
      mayRule(member, call) && call.conduct.maySilence(muted, by(member, call));
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
  for (const { raised, calls } of hands) for (const call of calls) call.conduct.raiseHand(raised);
  door();
}

function isForModerators({ locked, ended, admitted }: ControlWish): boolean {
  return locked !== undefined || ended || admitted.length > 0;
}

/** Finds who is to come in, who not, and who has to go; what it returns does it. */
function atTheDoor(
  { admitted, removed, ended }: ControlWish,
  { conference, member }: Omit<Asked, "body">,
  powers: Powers,
): () => void {
  const waits = (user: string) => member.moderator && conference.findWaiting(user).length > 0;
  const coming = admitted.flatMap((user) => waiting(conference, user));
  const refused = removed.filter(waits).flatMap((user) => waiting(conference, user));
  const gone = removed.filter((user) => !waits(user));
  const going = gone.flatMap((user) => ruled(conference, user, (call) => mayRule(member, call)));
  return () => {
    void powers.admit(conference, coming);
    void powers.refuse(conference, refused);
    for (const call of going) void call.end(REMOVED);
    if (ended) void powers.end(conference, ENDED);
  };
}

function waiting(conference: Conference, user: string): Participant[] {
  const found = conference.findWaiting(user);
  if (found.length === 0) throw new SipError(404, "Nobody Of That Name Waits");
  return found;
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
