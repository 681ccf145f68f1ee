/** A re-INVITE, sent or received: a new offer in a confirmed dialog (RFC 3261 §14). */
import { sdpBody } from "./header-values.ts";
import { recvInfo } from "./info.ts";
import { agreeing, answerTo, type LegSession, ownOffer, refusal, sdpIn } from "./leg-session.ts";
import type { Sdp, SipRequest, SipResponse } from "./message.ts";
import { Pracks } from "./prack.ts";
import { SipError } from "./sip-error.ts";
import type { ServerTransaction } from "./stack.ts";

/** Sends a re-INVITE with this offer; resolves with the answer, throws SipError. */
export function offerInReInvite(session: LegSession, sdp: Sdp): Promise<Sdp> {
  return new ReInvite(session, sdp).answer;
}

class ReInvite {
  readonly answer: Promise<Sdp>;
  readonly #session: LegSession;
  readonly #pracks: Pracks;
  readonly #resolve: (answer: Sdp) => void;
  readonly #reject: (error: SipError) => void;
  #ack: SipRequest | undefined;

  constructor(session: LegSession, sdp: Sdp) {
    const { core, dialog, agreement, timer } = session;
    const { promise, resolve, reject } = Promise.withResolvers<Sdp>();
    this.answer = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#session = session;
    this.#pracks = new Pracks({
      core,
      dialog,
      agreement,
      answerTo: () => Promise.reject(new SipError(488, "An offer while ours is open")),
      onUnanswerable: () => undefined,
    });
    const headers = { ...core.common(), ...recvInfo(session.leg.handlers), ...timer.ask() };
    const request = dialog.request("INVITE", { headers, body: sdpBody(agreement.offer(sdp)) });
    core.send(request, (response) => this.#receive(response), { nextSeq: () => dialog.nextSeq() });
  }

  #receive(response: SipResponse): void {
    if (response.status < 200) this.#pracks.receive(response);
    else if (response.status >= 300) this.#refused(response);
    else if (this.#ack) this.#session.core.stack.sendStateless(this.#ack);
    else this.#confirm(response);
  }

  #refused(response: SipResponse): void {
    this.#session.agreement.refused();
    this.#reject(refusal(this.#session, response));
  }

  /** Every 2xx, also a repeated one, gets its ACK. */
  #confirm(response: SipResponse): void {
    const { core, dialog, agreement, timer } = this.#session;
    dialog.refreshTarget(response);
    timer.heard(response);
    const headers = core.credentialsFor(response);
    this.#ack = dialog.ack(response.headers.cseq.seq, { headers });
    core.stack.sendStateless(this.#ack);
    const answer = sdpIn(response);
    // The answer may have come before, in a reliable response (RFC 3262 §5).
    if (agreement.open === "us" && answer !== "") agreement.answered(answer);
    if (agreement.open !== "us") this.#resolve(agreement.description);
    else {
      agreement.refused();
      this.#reject(new SipError(488, "The peer accepted without an answer"));
    }
  }
}

/** Answers a re-INVITE of the peer, which nothing stands against; hands over the 2xx, to be repeated until its ACK. */
export async function answerReInvite(
  session: LegSession,
  transaction: ServerTransaction,
  onAccepted: (response: SipResponse) => void,
): Promise<void> {
  const { core, agreement } = session;
  const { request } = transaction;
  let open = true;
  const decide = () => {
    const first = open;
    open = false;
    return first;
  };
  transaction.onCancel = () => {
    if (!decide()) return;
    agreement.refused();
    core.respond(transaction, 487);
  };
  const offer = sdpIn(request);
  if (offer !== "") agreement.offered(offer);
  const answer = offer === "" ? await ownOffer(session) : await answerTo(session, offer);
  if (!decide()) return;
  if (typeof answer === "number") {
    agreement.refused();
    core.respond(transaction, answer);
    return;
  }
  const local = offer === "" ? agreement.offer(answer) : agreement.answer(answer);
  const response = agreeing(session, request, local);
  transaction.respond(response);
  onAccepted(response);
}
