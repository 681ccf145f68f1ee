/** Offer and answer on a leg: whose turn it is, by which method, and again after a glare (RFC 3261 §14, RFC 3311, RFC 3264). */
import { setImmediate as nextTurn } from "node:timers/promises";
import { Accepted } from "./accepted.ts";
import { Alarm } from "./alarm.ts";
import { pauseAfter } from "./glare.ts";
import { type LegSession, refuseAtOnce, sayLater, sdpIn } from "./leg-session.ts";
import type { Sdp, SipRequest, SipResponse } from "./message.ts";
import { Once } from "./once.ts";
import { answerReInvite, offerInReInvite } from "./re-invite.ts";
import { SipError } from "./sip-error.ts";
import type { ServerTransaction } from "./stack.ts";
import { offerInUpdate, receiveUpdate, refreshByUpdate } from "./update.ts";

/** How often one offer is made before its refusal counts. */
const TRIES = 2;

/** Answers of a peer that says it takes UPDATE and does not. */
const NO_SUCH_METHOD: ReadonlySet<number> = new Set([405, 501]);

/** Who is just changing the session of one leg, and who is next. */
export class Negotiation {
  readonly #session: LegSession;
  readonly #backOff = new Alarm();
  readonly #refreshAgain = new Alarm();
  readonly #confirmed = new Once();
  readonly #over = new Once();
  #queue: Promise<unknown> = Promise.resolve();
  /** A refresh waits for its turn, and will say what is true then. */
  #refreshDue = false;
  #wake: () => void = () => undefined;
  #live = true;
  #early = true;
  /** Whose INVITE has no final response. */
  #inviting: "us" | "peer" | undefined;
  #answering: Promise<unknown> | undefined;
  #pending: ServerTransaction | undefined;
  /** Until its ACK. */
  #accepted: Accepted | undefined;

  constructor(session: LegSession) {
    this.#session = session;
    this.#inviting = session.leg.caller ? "us" : "peer";
  }

  /** The first INVITE was accepted. */
  confirm(): void {
    this.#early = false;
    this.#inviting = undefined;
    this.#confirmed.happen();
  }

  /** Resolves when no 2xx of ours waits for its ACK any more: only then may we send BYE (§15). */
  async acknowledged(): Promise<void> {
    await this.#accepted?.settled;
  }

  /** Makes an offer, after earlier ones; resolves with the answer, throws SipError, also when the leg ends before that. */
  offer(sdp: Sdp): Promise<Sdp> {
    const turn = this.#queue.then(() => this.#offerUntilHeard(sdp));
    this.#queue = turn.catch(() => undefined);
    return Promise.race([turn, this.#untilOver()]);
  }

  /** Session or target are due to be refreshed (RFC 4028 §7.4): by UPDATE, else by the last description once more. */
  refresh(): void {
    if (this.#refreshDue) return;
    this.#refreshDue = true;
    this.#queue = this.#queue.then(() => this.#refresh()).catch(() => undefined);
  }

  /** Our 2xx went out: repeat it until the ACK, which carries the answer if the 2xx had an offer. */
  accepted(response: SipResponse): void {
    const { core, leg } = this.#session;
    this.#accepted?.stop();
    this.#accepted = new Accepted(core, response, () => leg.fail(0));
  }

  acknowledge(ack: SipRequest): void {
    const { agreement, leg } = this.#session;
    if (!this.#accepted?.acknowledge(ack.headers.cseq.seq)) return;
    this.#accepted = undefined;
    if (agreement.open !== "us") return;
    const answer = sdpIn(ack);
    if (answer === "") agreement.refused();
    else {
      agreement.answered(answer);
      leg.handlers.onAnswer?.(answer);
    }
  }

  /** A re-INVITE of the peer: 491 while our own is under way, 500 while we think about its last (§14.2). */
  receiveInvite(transaction: ServerTransaction): void {
    const { core, agreement } = this.#session;
    if (this.#inviting === "us" || agreement.open === "us") core.respond(transaction, 491);
    else if (this.#inviting === "peer" || agreement.open === "peer") sayLater(this.#session, transaction);
    else if (!refuseAtOnce(this.#session, transaction)) void this.#answer(transaction);
  }

  receiveUpdate(transaction: ServerTransaction): void {
    void receiveUpdate(this.#session, transaction);
  }

  /** The leg ended: nothing is sent again, whoever waits is told. */
  stop(): void {
    this.#live = false;
    this.#over.happen();
    this.#backOff.stop();
    this.#refreshAgain.stop();
    this.#wake();
    this.#accepted?.stop();
    this.#accepted = undefined;
    this.#pending?.onCancel?.();
    this.#session.agreement.refused();
    this.#confirmed.happen();
  }

  async #untilOver(): Promise<never> {
    await this.#over.promise;
    // What ended the call may be the refusal of this very offer, which says more.
    await nextTurn();
    throw callEnded();
  }

  async #offerUntilHeard(sdp: Sdp): Promise<Sdp> {
    for (let left = TRIES - 1; ; left--) {
      try {
        return await this.#offerInTurn(sdp);
      } catch (error) {
        const ms = this.#pauseAfter(error);
        if (ms === undefined || left === 0) throw error;
        await this.#pause(ms);
      }
    }
  }

  /** When to try again what failed so, milliseconds; undefined for never. */
  #pauseAfter(error: unknown): number | undefined {
    const { leg, timer } = this.#session;
    if (error instanceof SipError && error.response && timer.raise(error.response)) return 0;
    return pauseAfter(error, leg.caller);
  }

  #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    this.#backOff.set(ms, resolve);
    return promise;
  }

  /** In an early dialog only UPDATE can change the session, and only once it has been agreed on (RFC 3311 §5.1). */
  async #offerInTurn(sdp: Sdp): Promise<Sdp> {
    const { agreement, leg } = this.#session;
    await this.#untilOurTurn();
    if (!this.#early) return this.#reInvite(sdp);
    if (agreement.reached && leg.takesUpdate) return offerInUpdate(this.#session, sdp);
    const confirmed = this.#confirmed.promise;
    await (agreement.open ? Promise.race([confirmed, agreement.closed]) : confirmed);
    return this.#offerInTurn(sdp);
  }

  async #untilOurTurn(): Promise<void> {
    const { agreement } = this.#session;
    await this.#answering;
    await this.#accepted?.settled;
    if (agreement.reached) await agreement.closed;
    if (!this.#live) throw callEnded();
  }

  async #reInvite(sdp: Sdp): Promise<Sdp> {
    this.#inviting = "us";
    try {
      return await offerInReInvite(this.#session, sdp);
    } finally {
      this.#inviting = undefined;
    }
  }

  async #refresh(): Promise<void> {
    await this.#untilOurTurn();
    this.#refreshDue = false;
    try {
      await this.#refreshByAnyMethod();
    } catch (error) {
      const ms = this.#pauseAfter(error);
      if (ms === undefined) this.#session.timer.refused();
      else this.#refreshAgain.set(ms, () => this.refresh());
    }
  }

  async #refreshByAnyMethod(): Promise<void> {
    const { agreement, leg } = this.#session;
    const refusal = leg.takesUpdate ? await refreshByUpdate(this.#session) : "untold";
    const takesNone = refusal instanceof SipError && NO_SUCH_METHOD.has(refusal.status);
    if (refusal === "untold" || takesNone) await this.#reInvite(agreement.localDescription);
    else if (refusal) throw refusal;
  }

  async #answer(transaction: ServerTransaction): Promise<void> {
    this.#inviting = "peer";
    this.#pending = transaction;
    this.#answering = answerReInvite(this.#session, transaction, (response) => this.accepted(response));
    await this.#answering;
    this.#inviting = undefined;
    this.#pending = undefined;
    this.#answering = undefined;
  }
}

function callEnded(): SipError {
  return new SipError(481, "The call has ended");
}
