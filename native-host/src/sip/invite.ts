/** Our INVITE outside a dialog: offer, ACK, CANCEL, forks (RFC 3261 §13.2, §9.1). */
import { Origin } from "#sdp/origin.ts";
import { Alarm } from "./alarm.ts";
import type { Attempt, Core } from "./core.ts";
import { Dialog } from "./dialog.ts";
import { extraHeaders, formatReplaces, mediaType, sdpBody, tagOf } from "./header-values.ts";
import { recvInfo } from "./info.ts";
import { InviteLeg } from "./invite-leg.ts";
import type { InviteOptions, Leg } from "./leg.ts";
import type { NameAddr, Sdp, SipRequest, SipResponse, SipUri } from "./message.ts";
import { SipError } from "./sip-error.ts";
import type { ClientTransaction } from "./stack.ts";

export interface Established {
  readonly leg: Leg;
  /** What the peer described in its 2xx: its answer, or its offer when we sent none. */
  readonly answer: Sdp;
}

/** Calls `target`; throws SipError when it refuses, times out or the signal aborts (487). */
export function invite(core: Core, target: SipUri, options: InviteOptions): Promise<Established> {
  if (options.signal?.aborted) return Promise.reject(new SipError(487, "Cancelled"));
  return new OutgoingInvite(core, target, options).established;
}

class OutgoingInvite implements Attempt {
  readonly established: Promise<Established>;
  readonly #core: Core;
  readonly #options: InviteOptions;
  readonly #origin = new Origin();
  readonly #contact: NameAddr;
  readonly #local: Sdp;
  readonly #request: SipRequest;
  readonly #transaction: ClientTransaction;
  readonly #limit = new Alarm();
  readonly #resolve: (established: Established) => void;
  readonly #reject: (error: unknown) => void;
  readonly #answered = Promise.withResolvers<void>();
  /** The ACK of each fork by its To tag, undefined while it is being made. */
  readonly #acks = new Map<string, SipRequest | undefined>();
  readonly #earlyDescriptions = new Map<string, Sdp>();
  readonly #onAbort = () => this.#giveUp(new SipError(487, "Cancelled"));
  /** The first 2xx came, or we no longer want one. */
  #decided = false;

  constructor(core: Core, target: SipUri, options: InviteOptions) {
    this.#core = core;
    this.#options = options;
    this.#contact = core.contactTo(target, { from: options.from && { ...options.from, params: {} } });
    this.#local = options.offer ? this.#origin.stamp(options.offer) : "";
    const { promise, resolve, reject } = Promise.withResolvers<Established>();
    this.established = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    core.attempts.add(this);
    this.#request = this.#compose(target);
    this.#transaction = core.send(this.#request, (response) => this.#receive(response));
    options.signal?.addEventListener("abort", this.#onAbort, { once: true });
    const { timeoutMs } = options;
    if (timeoutMs !== undefined)
      this.#limit.set(timeoutMs, () => this.#giveUp(new SipError(408, "No answer")));
  }

  close(): Promise<void> {
    this.#giveUp(new SipError(487, "Closing"));
    return this.#answered.promise;
  }

  #compose(target: SipUri): SipRequest {
    const { from, headers, replaces, handlers } = this.#options;
    const takeOver = replaces && { replaces: formatReplaces(replaces), require: "replaces" };
    return this.#core.first("INVITE", target, {
      from: from && { ...from, params: {} },
      headers: { contact: [this.#contact], ...recvInfo(handlers), ...extraHeaders(headers), ...takeOver },
      body: sdpBody(this.#local),
    });
  }

  #receive(response: SipResponse): void {
    if (response.status < 200) this.#progress(response);
    else if (response.status < 300) this.#accepted(response);
    else this.#refused(response);
  }

  #progress(response: SipResponse): void {
    if (response.status === 100 || this.#decided) return;
    if (mediaType(response) === "application/sdp") {
      this.#earlyDescriptions.set(tagOf(response.headers.to), response.content);
    }
    this.#options.onProgress?.(response.status, response);
  }

  #refused(response: SipResponse): void {
    this.#finish();
    this.#reject(new SipError(response.status, response.reason, { response }));
  }

  /** Each 2xx is ACKed, each time it comes; only the first one wanted becomes a leg (§13.2.2.4). */
  #accepted(response: SipResponse): void {
    this.#finish();
    const tag = tagOf(response.headers.to);
    if (this.#acks.has(tag)) {
      const ack = this.#acks.get(tag);
      if (ack) this.#core.stack.sendStateless(ack);
      return;
    }
    this.#acks.set(tag, undefined);
    const dialog = Dialog.ofCaller(this.#request, response, this.#contact);
    if (this.#decided) this.#decline(dialog, response);
    else void this.#establish(dialog, response);
  }

  async #establish(dialog: Dialog, response: SipResponse): Promise<void> {
    this.#decided = true;
    const { handlers } = this.#options;
    const core = this.#core;
    const leg = new InviteLeg({
      core,
      dialog,
      caller: true,
      heard: response,
      origin: this.#origin,
      handlers,
    });
    const remote = this.#described(response);
    try {
      const answer = this.#options.offer ? undefined : await this.#answerTo(remote);
      if (remote === "") throw new SipError(488, "The peer accepted without a session description");
      if (this.#options.signal?.aborted) throw new SipError(487, "Cancelled");
      const local = leg.describe(answer ?? this.#local, remote);
      const { confirm } = this.#options;
      if (confirm !== undefined) void confirm.then(() => this.#ack(dialog, response, answer && local));
      else this.#ack(dialog, response, answer && local);
      this.#resolve({ leg, answer: remote });
    } catch (error) {
      this.#ack(dialog, response);
      void leg.bye();
      this.#reject(error);
    }
  }

  async #answerTo(offer: Sdp): Promise<Sdp> {
    const answer = offer && (await this.#options.answerOffer?.(offer));
    if (!answer) throw new SipError(488, "The peer's offer was not answered");
    return answer;
  }

  /** The description in the 2xx; some peers send it only in the 18x before. */
  #described(response: SipResponse): Sdp {
    if (mediaType(response) === "application/sdp") return response.content;
    return this.#earlyDescriptions.get(tagOf(response.headers.to)) ?? "";
  }

  /** A fork too many, or a 2xx that crossed our CANCEL. */
  #decline(dialog: Dialog, response: SipResponse): void {
    this.#ack(dialog, response);
    const bye = dialog.request("BYE", { headers: this.#core.common() });
    void this.#core.exchange(bye, { nextSeq: () => dialog.nextSeq() });
  }

  #ack(dialog: Dialog, response: SipResponse, answer?: Sdp): void {
    const headers = this.#core.credentialsFor(response);
    const ack = dialog.ack(response.headers.cseq.seq, { headers, body: sdpBody(answer) });
    this.#acks.set(dialog.id.remoteTag, ack);
    this.#core.stack.sendStateless(ack);
  }

  #giveUp(error: SipError): void {
    this.#stopClocks();
    if (this.#decided) return;
    this.#decided = true;
    this.#reject(error);
    this.#transaction.cancel();
  }

  /** A final response came. */
  #finish(): void {
    this.#stopClocks();
    this.#core.attempts.delete(this);
    this.#answered.resolve();
  }

  #stopClocks(): void {
    this.#limit.stop();
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
  }
}
