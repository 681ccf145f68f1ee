/** The callee's half of reliable provisional responses: each is sent again until its PRACK (RFC 3262 §3). */
import { randomInt } from "node:crypto";
import type { Agreement } from "./agreement.ts";
import type { Core } from "./core.ts";
import { mediaType, sdpBody } from "./header-values.ts";
import type { Sdp, SipRequest, SipResponse } from "./message.ts";
import { textHeader } from "./message.ts";
import { Repetition } from "./repetition.ts";
import type { ServerTransaction } from "./stack.ts";

export interface ReliableOptions {
  readonly core: Core;
  /** Of the INVITE. */
  readonly transaction: ServerTransaction;
  readonly agreement: Agreement;
  /** The PRACK brought the answer to our offer. */
  readonly onAnswer: (answer: Sdp) => void;
  /** The answer to an offer that a PRACK brings, or the status it is refused with. */
  readonly answerTo: (offer: Sdp) => Promise<Sdp | number>;
  /** No PRACK for 64*T1. */
  readonly onLost: () => void;
}

/** The reliable responses to one INVITE, one after the other. */
export class ReliableResponses {
  readonly #options: ReliableOptions;
  #seq = randomInt(1, 2 ** 31 - 1);
  #queue: Promise<void> = Promise.resolve();
  #unheard: Repetition | undefined;
  /** Responses sent or to be sent that are not confirmed. */
  #waiting = 0;
  #live = true;

  constructor(options: ReliableOptions) {
    this.#options = options;
  }

  /** Something that was sent waits for its PRACK. */
  get busy(): boolean {
    return this.#waiting > 0;
  }

  /** Resolves when all that was sent has been confirmed: only then may a 2xx follow. */
  get settled(): Promise<void> {
    return this.#queue;
  }

  /** Sends a response when those before it have been confirmed; `make` gets its RSeq and Require. */
  send(make: (headers: Record<string, string>) => SipResponse): void {
    const sendNow = async () => {
      this.#sendNow(make);
      await this.#unheard?.settled;
      this.#waiting--;
    };
    this.#queue = this.busy ? this.#queue.then(sendNow) : sendNow();
    this.#waiting++;
  }

  /** A PRACK of the caller: 200 when it is for the response that waits, 481 otherwise. */
  receive(transaction: ServerTransaction): void {
    const { core } = this.#options;
    const { request } = transaction;
    if (this.#isAwaited(request) && this.#unheard?.confirm()) void this.#answer(transaction);
    else core.respond(transaction, 481);
  }

  stop(): void {
    this.#live = false;
    this.#unheard?.stop();
  }

  #sendNow(make: (headers: Record<string, string>) => SipResponse): void {
    if (!this.#live) return;
    const { core, transaction, onLost } = this.#options;
    this.#seq++;
    const response = make({ require: "100rel", rseq: `${this.#seq}` });
    const again = () => transaction.respond(response);
    again();
    this.#unheard = new Repetition({
      timers: core.timers,
      capMs: Number.POSITIVE_INFINITY,
      again,
      onLost,
    });
  }

  #isAwaited(prack: SipRequest): boolean {
    const [rseq, seq, method] = (textHeader(prack, "rack") ?? "").trim().split(/\s+/);
    const invite = this.#options.transaction.request.headers.cseq;
    return Number(rseq) === this.#seq && Number(seq) === invite.seq && method === "INVITE";
  }

  async #answer(transaction: ServerTransaction): Promise<void> {
    const { core, agreement, onAnswer } = this.#options;
    const sdp = mediaType(transaction.request) === "application/sdp" ? transaction.request.content : "";
    if (agreement.open === "us") {
      core.respond(transaction, 200);
      if (sdp === "") agreement.refused();
      else {
        agreement.answered(sdp);
        onAnswer(sdp);
      }
    } else if (sdp !== "" && agreement.open === undefined) await this.#answerOffer(transaction, sdp);
    else core.respond(transaction, 200);
  }

  async #answerOffer(transaction: ServerTransaction, offer: Sdp): Promise<void> {
    const { core, agreement, answerTo } = this.#options;
    agreement.offered(offer);
    const answer = await answerTo(offer);
    if (typeof answer === "number") {
      agreement.refused();
      core.respond(transaction, answer);
    } else core.respond(transaction, 200, { body: sdpBody(agreement.answer(answer)) });
  }
}
