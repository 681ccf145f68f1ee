/** One of the phones that an INVITE of ours reaches: its early dialog, its reliable responses, its 2xx and our ACK (RFC 3261 §13.2). */
import type { Origin } from "#sdp/origin.ts";
import { Agreement } from "./agreement.ts";
import type { Core } from "./core.ts";
import { Dialog } from "./dialog.ts";
import { sdpBody } from "./header-values.ts";
import { InviteLeg } from "./invite-leg.ts";
import type { LegHandlers } from "./leg.ts";
import { sdpIn } from "./leg-session.ts";
import type { Setup } from "./leg-setup.ts";
import type { NameAddr, Sdp, SipRequest, SipResponse } from "./message.ts";
import { Pracks } from "./prack.ts";
import type { SessionTimes } from "./session-expires.ts";
import { SipError } from "./sip-error.ts";

export interface ForkOptions {
  readonly core: Core;
  /** The INVITE, and the offer in it, "" for none. */
  readonly request: SipRequest;
  readonly offer: Sdp;
  readonly origin: Origin;
  readonly contact: NameAddr;
  readonly times: SessionTimes;
  readonly handlers: LegHandlers | undefined;
  /** What the ACK of the 2xx waits for. */
  readonly confirm: Promise<unknown> | undefined;
  readonly setup: Setup;
  readonly answerTo: (offer: Sdp) => Promise<Sdp>;
  /** An offer in a reliable response has no answer. */
  readonly onUnanswerable: (error: unknown) => void;
  /** The ACK went out: the same again answers every copy of the 2xx. */
  readonly onAcknowledged: (ack: SipRequest) => void;
}

export class Fork {
  readonly leg: InviteLeg;
  readonly #options: ForkOptions;
  readonly #agreement: Agreement;
  readonly #dialog: Dialog;
  readonly #pracks: Pracks;

  /** `response` is the first one of this phone. */
  constructor(options: ForkOptions, response: SipResponse) {
    const { core, request, offer, origin, contact, answerTo, onUnanswerable } = options;
    this.#options = options;
    this.#agreement = new Agreement(origin.copy());
    if (offer !== "") this.#agreement.offer(offer);
    this.#dialog = Dialog.ofCaller(request, response, contact);
    const common = { core, dialog: this.#dialog, agreement: this.#agreement };
    const { times, handlers, setup } = options;
    this.leg = new InviteLeg({ ...common, caller: true, heard: response, times, setup, handlers });
    this.#pracks = new Pracks({ ...common, answerTo, onUnanswerable });
  }

  /** Takes a 101 to 199; false for one that says nothing new. */
  progress(response: SipResponse): boolean {
    if (!this.#pracks.receive(response)) return false;
    this.leg.learn(response);
    const sdp = sdpIn(response);
    if (sdp !== "" && this.#agreement.open === "us") this.#agreement.previewed(sdp);
    return true;
  }

  /** The first 2xx: gets its ACK in any case; resolves with the peer's description, or rejects and hangs up. */
  async accept(response: SipResponse): Promise<Sdp> {
    this.leg.confirm(response);
    try {
      const answering = this.#agree(sdpIn(response));
      const answer = answering && (await answering);
      const { confirm } = this.#options;
      if (confirm !== undefined) void confirm.then(() => this.#acknowledge(response, answer));
      else this.#acknowledge(response, answer);
      return this.#agreement.description;
    } catch (error) {
      this.decline(response);
      throw error;
    }
  }

  /** A 2xx nobody wants: ACK and BYE (§13.2.2.4, §9.1). */
  decline(response: SipResponse): void {
    this.leg.confirm(response);
    this.#agreement.refused();
    this.#acknowledge(response);
    void this.leg.bye();
  }

  /** Returns what the ACK has to say: our answer, when the offer came in the 2xx. */
  #agree(said: Sdp): Promise<Sdp | undefined> | undefined {
    const agreement = this.#agreement;
    // A PRACK that is being made has the answer.
    if (agreement.open === "peer") return agreement.closed.then(() => this.#agree(said));
    if (agreement.reached) return undefined;
    const offered = agreement.open === "us";
    // Some peers describe themselves only in the 18x before.
    const remote = said === "" && offered ? agreement.description : said;
    if (remote === "") throw new SipError(488, "The peer accepted without a session description");
    if (offered) {
      agreement.answered(remote);
      return undefined;
    }
    agreement.offered(remote);
    return this.#options.answerTo(remote).then((answer) => agreement.answer(answer));
  }

  #acknowledge(response: SipResponse, answer?: Sdp): void {
    const { core, onAcknowledged } = this.#options;
    const headers = core.credentialsFor(response);
    const ack = this.#dialog.ack(response.headers.cseq.seq, { headers, body: sdpBody(answer) });
    core.stack.sendStateless(ack);
    onAcknowledged(ack);
  }
}
