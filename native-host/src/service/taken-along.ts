/**
 * A REFER of the other end of a call: it takes us along into a conference when the call between two becomes one, and
 * nowhere else, for where else we call is the user's to say (RFC 3515, RFC 4579 §5.10; promise W1).
 */

import type { IncomingRefer } from "../sip/incoming-refer.ts";
import type { Leg } from "../sip/leg.ts";
import type { SipUri } from "../sip/message.ts";
import { SipError } from "../sip/sip-error.ts";
import { parseUri } from "../sip/uri.ts";
import type { Call } from "./call.ts";
import type { Calls } from "./calls.ts";

/** A user part that is dialled, and may cost. */
const DIGITS = /^[+\d\-.()*#%]+$/;

/** Goes along, reports how that went, or refuses: 403 to whoever is in no call of ours, 603 where it may not take us. */
export async function takenAlong(refer: IncomingRefer, calls: Calls, over: AbortSignal): Promise<void> {
  const call = calls.all.find(({ far }) => far !== undefined && far.leg === refer.leg);
  const target = call && placeOf(call, refer);
  if (!call) return refer.reject(403);
  if (target === undefined) return refer.reject(603);
  const report = refer.accept();
  const answered = (leg: Leg) => {
    if (!("isfocus" in leg.remoteContact.params)) throw new SipError(403, "Not A Conference");
    // Before we leave the old call, which the reports are part of.
    void report.progress(200);
  };
  try {
    await call.switchTo({ target, from: call.from, answered }, over);
  } catch (failed) {
    const status = sipOf(failed);
    void report.progress(status);
  }
}

/** Where we are asked to go, if we may; who is in a conference already is not moved by it. */
function placeOf(call: Call, { targets, referTo }: IncomingRefer): SipUri | undefined {
  const user = parseUri(referTo.uri)?.user ?? "";
  const { method, replaces, uri } = referTo;
  const plain = targets.length === 1 && method === "INVITE" && replaces === undefined;
  return plain && call.conference === undefined && !DIGITS.test(user) ? uri : undefined;
}

/** The status the conference answered, as our errors keep it. */
function sipOf(failed: unknown): number {
  const status = failed instanceof Error && "sip" in failed ? failed.sip : undefined;
  return typeof status === "number" && status >= 300 ? status : 480;
}
