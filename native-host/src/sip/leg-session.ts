/** What re-INVITE, UPDATE and PRACK share: the session of one leg and those who have a say in it. */
import { sameMedia } from "#sdp/origin.ts";
import type { Agreement } from "./agreement.ts";
import type { Core } from "./core.ts";
import type { Dialog } from "./dialog.ts";
import { mediaType } from "./header-values.ts";
import { recvInfo } from "./info.ts";
import type { LegHandlers } from "./leg.ts";
import type { Sdp, SipMessage, SipRequest, SipResponse } from "./message.ts";
import { partsOf } from "./multipart.ts";
import type { SessionTimer } from "./session-timer.ts";
import { SipError } from "./sip-error.ts";
import type { ServerTransaction } from "./stack.ts";

const SDP = "application/sdp";

export interface LegSession {
  readonly core: Core;
  readonly dialog: Dialog;
  readonly agreement: Agreement;
  readonly timer: SessionTimer;
  readonly leg: SessionLeg;
}

/** The leg, as far as its session needs it. */
export interface SessionLeg {
  readonly handlers: LegHandlers;
  /** We made the Call-ID: then our back-off after a glare is the longer one (§14.1). */
  readonly caller: boolean;
  /** Whether the peer's Allow names UPDATE. */
  readonly takesUpdate: boolean;
  /** Statuses that end the dialog: 408 and 481 (RFC 3261 §12.2.1.2), and 0 for an ACK that never came. */
  fail(status: number): void;
}

/** The session description in a message, by itself or among other parts; "" when it has none. */
export function sdpIn(message: SipMessage): Sdp {
  const type = mediaType(message);
  if (type === SDP) return message.content;
  const parts = type.startsWith("multipart/") ? partsOf(message) : undefined;
  return parts?.find((part) => part.type === SDP)?.content ?? "";
}

/** As much of a session as an answer needs. */
export interface Answering {
  readonly agreement: Pick<Agreement, "description" | "localDescription">;
  readonly core: Pick<Core, "statusOf">;
  readonly leg: Pick<SessionLeg, "handlers">;
}

/** The owner's answer to an offer of the peer, or the status to refuse it with. */
export async function answerTo({ agreement, core, leg }: Answering, offer: Sdp): Promise<Sdp | number> {
  const { onOffer } = leg.handlers;
  if (!onOffer) return sameMedia(offer, agreement.description) ? agreement.localDescription : 488;
  try {
    return await onOffer(offer);
  } catch (error) {
    return core.statusOf(error);
  }
}

/** Our offer to a peer that asks for one, or the status to refuse with. */
export async function ownOffer(session: LegSession): Promise<Sdp | number> {
  const { makeOffer } = session.leg.handlers;
  if (!makeOffer) return session.agreement.localDescription;
  try {
    return await makeOffer();
  } catch (error) {
    return session.core.statusOf(error);
  }
}

/** What a final response other than 2xx to a request about the session means for the dialog, as an error. */
export function refusal({ leg }: LegSession, response: SipResponse): SipError {
  const { status, reason } = response;
  if (status === 408 || status === 481) leg.fail(status);
  return new SipError(status, reason, { response });
}

/** Refuses what no owner need see: a body that is no description, and refreshes that would come too often. */
export function refuseAtOnce({ core, timer }: LegSession, transaction: ServerTransaction): boolean {
  const { request } = transaction;
  const type = mediaType(request);
  if (type !== "" && type !== "application/sdp") {
    core.respond(transaction, 415, { headers: { accept: "application/sdp" } });
  } else if (timer.tooBrief(request)) core.respond(transaction, 422, { headers: timer.refusal });
  else return false;
  return true;
}

/** Too early, for we are still busy with the peer's last one: it may try again soon (RFC 3261 §14.2, RFC 3311 §5.2). */
export function sayLater({ core }: LegSession, transaction: ServerTransaction): void {
  const seconds = Math.round(Math.random() * 10);
  core.respond(transaction, 500, { headers: { "retry-after": `${seconds}` } });
}

/** Our 2xx to a request that may change session, target and timer alike. */
export function agreeing(session: LegSession, request: SipRequest, answer: Sdp): SipResponse {
  const { core, dialog, timer, leg } = session;
  dialog.refreshTarget(request);
  const headers = {
    ...core.abilities(),
    ...recvInfo(leg.handlers),
    contact: [dialog.contact],
    ...timer.grant(request),
  };
  const body = answer === "" ? undefined : { type: "application/sdp", content: answer };
  return core.response(request, 200, { headers, body });
}
