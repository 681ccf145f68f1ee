/** REFER to the focus: somebody is to be brought in, or taken out (RFC 4579 §5.5, §5.11, RFC 3515, RFC 5368). */

import type { IncomingRefer } from "#sip/incoming-refer.ts";
import type { SipUri } from "#sip/message.ts";
import type { ReferTo } from "#sip/refer-to.ts";
import { asSipError, SipError } from "#sip/sip-error.ts";
import { RETRY_AFTER } from "./capacity.ts";
import type { Conference } from "./conference.ts";
import { REMOVED } from "./control.ts";
import { aorOf } from "./identity.ts";
import type { Invitations, Report } from "./invitations.ts";
import type { Participant } from "./participant.ts";
import { type Actor, mayRule } from "./rights.ts";

/** Grants or refuses a REFER of somebody who may ask; what is not allowed is refused at once, the rest is reported. */
export function referred(
  refer: IncomingRefer,
  { conference, actor }: { readonly conference: Conference; readonly actor: Actor },
  invitations: Invitations,
): void {
  try {
    const { invited, removed } = sorted(refer.targets);
    if (invited.length > 0) invitations.check(conference, actor, invited);
    const outs = removed.map(({ uri }) => removal(conference, { actor, uri }, invitations));
    const report = reporter(refer, refer.targets.length);
    for (const out of outs) out(report());
    for (const place of invited) {
      invitations.invite({ conference, actor, place, referredBy: refer.referredBy }, report());
    }
  } catch (cause) {
    const { status, reason } = asSipError(cause);
    refer.reject(status, reason, status === 503 ? RETRY_AFTER : {});
  }
}

function sorted(places: readonly ReferTo[]): { invited: ReferTo[]; removed: ReferTo[] } {
  const invited = places.filter(({ method }) => method === "INVITE");
  const removed = places.filter(({ method }) => method === "BYE");
  if (invited.length + removed.length < places.length) throw new SipError(403, "Only INVITE And BYE");
  return { invited, removed };
}

/** One who is in goes, one who is being called is called no longer. Throws SipError 404, 403. */
function removal(
  conference: Conference,
  { actor, uri }: { readonly actor: Actor; readonly uri: SipUri },
  invitations: Invitations,
): (report: Report) => void {
  const aor = aorOf(uri);
  const found = conference.find(aor);
  if (found.length > 0) return expulsion(actor, found);
  if (!conference.isCalling(aor)) throw new SipError(404, "Not In The Conference");
  return (report) => {
    const mayWithdraw = (inviter: Actor) => actor.moderator || inviter.key === actor.key;
    const done = invitations.withdraw(conference, aor, mayWithdraw);
    report(done ? 200 : 403, done ? "OK" : "Forbidden");
  };
}

function expulsion(actor: Actor, found: readonly Participant[]): (report: Report) => void {
  const ruled = found.filter((participant) => mayRule(actor, participant));
  if (ruled.length === 0) throw new SipError(403, "Forbidden");
  return (report) => {
    for (const participant of ruled) void participant.end(REMOVED);
    report(200, "OK");
  };
}

/** Reports of one are its own; those of several are put together: 200 when the last one is done (RFC 5368 §5). */
function reporter(refer: IncomingRefer, count: number): () => Report {
  const referee = refer.accept();
  let left = count;
  let over = false;
  const one: Report = (status, reason) => {
    if (!over) void referee.progress(status, reason);
    over ||= status >= 200;
  };
  if (count === 1) return () => one;
  return () => (status) => {
    if (status >= 200) left -= 1;
    if (left === 0) one(200, "OK");
  };
}
