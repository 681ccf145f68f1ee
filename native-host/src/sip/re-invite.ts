/** Offer and answer on a leg: re-INVITE both ways, with glare (RFC 3261 §14, RFC 3264). */
import { type Origin, sameMedia } from "#sdp/origin.ts";
import { Accepted } from "./accepted.ts";
import { Alarm } from "./alarm.ts";
import type { Core } from "./core.ts";
import type { Dialog } from "./dialog.ts";
import { mediaType, sdpBody } from "./header-values.ts";
import { recvInfo } from "./info.ts";
import type { LegHandlers } from "./leg.ts";
import type { Sdp, SipRequest, SipResponse } from "./message.ts";
import { SipError } from "./sip-error.ts";
import type { ServerTransaction } from "./stack.ts";

/** What the leg tells its negotiation, and hears from it. */
export interface NegotiationOptions {
  readonly core: Core;
  readonly dialog: Dialog;
  /** We made the Call-ID: then our back-off after a glare is the longer one (§14.1). */
  readonly caller: boolean;
  readonly origin: Origin;
  readonly handlers: () => LegHandlers;
  /** Statuses that end the dialog: 408 and 481 (§12.2.1.2), and 0 for an ACK that never came. */
  readonly onFatal: (status: number) => void;
}

/** The session of one leg: what each side said last, and who is just changing it. */
export class Negotiation {
  description: Sdp = "";
  localDescription: Sdp = "";
  readonly #options: NegotiationOptions;
  readonly #backOff = new Alarm();
  #queue: Promise<unknown> = Promise.resolve();
  #wake: () => void = () => undefined;
  #live = true;
  #offering = false;
  #answering: Promise<unknown> | undefined;
  #accepted: Accepted | undefined;
  #answerInAck = false;

  constructor(options: NegotiationOptions) {
    this.#options = options;
  }

  /** What the first INVITE agreed on; returns our description under the leg's own o= line. */
  begin(local: Sdp, remote: Sdp): Sdp {
    this.localDescription = this.#options.origin.stamp(local);
    this.description = remote;
    return this.localDescription;
  }

  /** Resolves when no 2xx of ours waits for its ACK any more: only then may we send BYE (§15). */
  async acknowledged(): Promise<void> {
    await this.#accepted?.settled;
  }

  /** Sends a re-INVITE, after earlier ones; resolves with the answer, throws SipError. */
  offer(sdp: Sdp): Promise<Sdp> {
    const turn = this.#queue.then(() => this.#offerInTurn(sdp));
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  /** Our 2xx went out: repeat it until the ACK, which carries the answer if the 2xx had an offer. */
  accepted(response: SipResponse, answerInAck: boolean): void {
    this.#accepted?.stop();
    this.#answerInAck = answerInAck;
    this.#accepted = new Accepted(this.#options.core, response, () => this.#options.onFatal(0));
  }

  acknowledge(ack: SipRequest): void {
    const waited = this.#accepted?.acknowledge(ack.headers.cseq.seq);
    if (!waited || !this.#answerInAck) return;
    this.#answerInAck = false;
    if (mediaType(ack) !== "application/sdp") return;
    this.description = ack.content;
    this.#options.handlers().onAnswer?.(ack.content);
  }

  /** A re-INVITE of the peer. */
  receive(request: SipRequest, transaction: ServerTransaction): void {
    const { core } = this.#options;
    const type = mediaType(request);
    if (this.#offering) core.respond(transaction, 491);
    else if (this.#answering !== undefined)
      core.respond(transaction, 500, { headers: { "retry-after": "1" } });
    else if (type !== "" && type !== "application/sdp") {
      core.respond(transaction, 415, { headers: { accept: "application/sdp" } });
    } else this.#answering = this.#answer(request, transaction);
  }

  /** The leg ended: nothing is sent again, whoever waits is told. */
  stop(): void {
    this.#live = false;
    this.#backOff.stop();
    this.#wake();
    this.#accepted?.stop();
  }

  async #offerInTurn(sdp: Sdp): Promise<Sdp> {
    try {
      return await this.#invite(sdp);
    } catch (error) {
      if (!(error instanceof SipError) || error.status !== 491) throw error;
    }
    await this.#untilGlareIsOver();
    return this.#invite(sdp);
  }

  /** The peer's own re-INVITE goes first; the owner of the Call-ID waits longer (§14.1). */
  #untilGlareIsOver(): Promise<void> {
    const { caller } = this.#options;
    const ms = 10 * Math.round(caller ? 210 + Math.random() * 190 : Math.random() * 200);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    this.#backOff.set(ms, resolve);
    return promise;
  }

  async #invite(sdp: Sdp): Promise<Sdp> {
    await this.#answering;
    await this.#accepted?.settled;
    const { core, dialog, origin } = this.#options;
    if (!this.#live) throw new SipError(481, "The call has ended");
    const local = origin.offer(sdp);
    const headers = { ...core.common(), ...recvInfo(this.#options.handlers()) };
    const request = dialog.request("INVITE", { headers, body: sdpBody(local) });
    this.#offering = true;
    const { promise, resolve, reject } = Promise.withResolvers<Sdp>();
    const receive = (response: SipResponse) => {
      if (response.status < 200) return;
      this.#offering = false;
      if (response.status >= 300) reject(this.#refused(response));
      else resolve(this.#confirm(response));
    };
    core.send(request, receive, { nextSeq: () => dialog.nextSeq() });
    const answer = await promise;
    if (answer === "") throw new SipError(488, "The peer accepted without an answer");
    this.localDescription = local;
    this.description = answer;
    return answer;
  }

  #refused(response: SipResponse): SipError {
    const { status, reason } = response;
    if (status === 408 || status === 481) this.#options.onFatal(status);
    return new SipError(status, reason, { response });
  }

  /** Every 2xx, also a repeated one, gets its ACK. */
  #confirm(response: SipResponse): Sdp {
    const { core, dialog } = this.#options;
    dialog.refreshTarget(response);
    core.stack.sendStateless(
      dialog.ack(response.headers.cseq.seq, { headers: core.credentialsFor(response) }),
    );
    return mediaType(response) === "application/sdp" ? response.content : "";
  }

  async #answer(request: SipRequest, transaction: ServerTransaction): Promise<void> {
    const { core, dialog, origin } = this.#options;
    let open = true;
    transaction.onCancel = () => {
      if (open) core.respond(transaction, 487);
      open = false;
    };
    const answer = await this.#answerTo(request.content);
    this.#answering = undefined;
    if (!open) return;
    open = false;
    if (typeof answer === "number" || !this.#live) {
      core.respond(transaction, this.#live ? Number(answer) : 487);
      return;
    }
    dialog.refreshTarget(request);
    const offer = request.content;
    this.localDescription = offer === "" ? origin.offer(answer) : origin.answer(answer, offer);
    if (offer !== "") this.description = offer;
    const headers = {
      ...core.common(),
      ...recvInfo(this.#options.handlers()),
      contact: [dialog.contact],
    };
    const response = core.response(request, 200, { headers, body: sdpBody(this.localDescription) });
    transaction.respond(response);
    this.accepted(response, request.content === "");
  }

  /** The answer to an offer, our own description for a peer that asks for an offer, or the status to refuse with. */
  async #answerTo(offer: Sdp): Promise<Sdp | number> {
    const { onOffer, makeOffer } = this.#options.handlers();
    if (offer === "" && !makeOffer) return this.localDescription;
    if (offer !== "" && !onOffer) return sameMedia(offer, this.description) ? this.localDescription : 488;
    try {
      return (await (offer === "" ? makeOffer?.() : onOffer?.(offer))) ?? 488;
    } catch (error) {
      return this.#options.core.statusOf(error);
    }
  }
}
