/** UPDATE: a change of the session or a sign of life, without touching the INVITE (RFC 3311). */
import { sdpBody } from "./header-values.ts";
import {
  agreeing,
  answerTo,
  type LegSession,
  refusal,
  refuseAtOnce,
  sayLater,
  sdpIn,
} from "./leg-session.ts";
import type { Sdp, SipResponse } from "./message.ts";
import { SipError } from "./sip-error.ts";
import type { ServerTransaction } from "./stack.ts";

/** Sends an offer in UPDATE; resolves with the answer, throws SipError. */
export async function offerInUpdate(session: LegSession, sdp: Sdp): Promise<Sdp> {
  const { agreement } = session;
  const response = await send(session, agreement.offer(sdp));
  const answer = sdpIn(response);
  if (response.status >= 300 || answer === "") agreement.refused();
  if (response.status >= 300) throw refusal(session, response);
  if (answer === "") throw new SipError(488, "The peer accepted without an answer");
  agreement.answered(answer);
  return answer;
}

/** Asks whether the peer is still there, and until when to ask no more (RFC 4028 §7.4); resolves with its refusal, if any. */
export async function refreshByUpdate(session: LegSession): Promise<SipError | undefined> {
  const response = await send(session, "");
  return response.status < 300 ? undefined : refusal(session, response);
}

async function send({ core, dialog, timer }: LegSession, sdp: Sdp): Promise<SipResponse> {
  const headers = { ...core.common(), ...timer.ask() };
  const request = dialog.request("UPDATE", { headers, body: sdpBody(sdp) });
  const response = await core.exchange(request, { nextSeq: () => dialog.nextSeq() });
  if (response.status < 300) {
    dialog.refreshTarget(response);
    timer.heard(response);
  }
  return response;
}

/** An UPDATE of the peer: 491 while an offer of ours is open, 500 while we still think about one of its own (§5.2). */
export async function receiveUpdate(session: LegSession, transaction: ServerTransaction): Promise<void> {
  const { core, agreement } = session;
  const { request } = transaction;
  const offer = sdpIn(request);
  if (refuseAtOnce(session, transaction)) return;
  if (offer === "") transaction.respond(agreeing(session, request, ""));
  else if (agreement.open === "us") core.respond(transaction, 491);
  else if (agreement.open === "peer") sayLater(session, transaction);
  else await answer(session, transaction, offer);
}

async function answer(session: LegSession, transaction: ServerTransaction, offer: Sdp): Promise<void> {
  const { core, agreement } = session;
  agreement.offered(offer);
  const said = await answerTo(session, offer);
  if (typeof said === "number") {
    agreement.refused();
    core.respond(transaction, said);
  } else transaction.respond(agreeing(session, transaction.request, agreement.answer(said)));
}
