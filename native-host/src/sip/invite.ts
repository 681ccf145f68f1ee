/** Our INVITE outside a dialog: offer, forks, CANCEL, and asking again with other terms (RFC 3261 §13.2, §9.1). */
import { Origin } from "#sdp/origin.ts";
import { Alarm } from "./alarm.ts";
import { reasonHeader } from "./cancel-reason.ts";
import type { Attempt, Core } from "./core.ts";
import { byProxy, firstInvite } from "./first-invite.ts";
import { Fork } from "./fork.ts";
import { tagOf } from "./header-values.ts";
import type { InviteOptions, Leg } from "./leg.ts";
import type { NameAddr, Sdp, SipRequest, SipResponse, SipUri } from "./message.ts";
import { Once } from "./once.ts";
import { Redirects } from "./redirects.ts";
import { asks, minSe, type SessionTimes } from "./session-expires.ts";
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
  const { promise, resolve, reject } = Promise.withResolvers<Established>();
  new OutgoingInvite(core, target, { options, origin: new Origin(), resolve, reject });
  return promise;
}

/** What the owner of a call wants of it. */
interface Wanted {
  readonly options: InviteOptions;
  readonly origin: Origin;
  resolve(established: Established): void;
  reject(error: unknown): void;
}

/** Of a call that is decided; its copies, and phones that come too late, are still to be answered. */
const NOTHING: Wanted = {
  options: {},
  origin: new Origin(),
  resolve: () => undefined,
  reject: () => undefined,
};

/** How many contacts of 3xx responses are tried for one call. */
const MOST_REDIRECTS = 5;

class OutgoingInvite implements Attempt {
  readonly #core: Core;
  readonly #contact: NameAddr;
  readonly #limit = new Alarm();
  readonly #answered = new Once();
  /** Each phone that answered and has no ACK yet, by its To tag. */
  readonly #forks = new Map<string, Fork>();
  readonly #acks: SipRequest[] = [];
  readonly #onAbort = () =>
    this.#giveUp(new SipError(487, "Cancelled"), reasonHeader(this.#wanted.options.signal?.reason));
  #wanted: Wanted;
  /** Our description, "" when the peer is to offer. */
  #local: Sdp;
  /** From the first 3xx on. */
  #redirects: Redirects | undefined;
  #times: SessionTimes;
  #request: SipRequest;
  #transaction: ClientTransaction;
  #outcome: "open" | "accepted" | "given-up" = "open";

  constructor(core: Core, target: SipUri, wanted: Wanted) {
    const { options, origin } = wanted;
    this.#core = core;
    this.#wanted = wanted;
    this.#contact = core.contactTo(target, {
      from: options.from && { ...options.from, params: {} },
      routes: byProxy(options.proxy),
      user: options.contactUser,
      params: { ...options.contactParams },
    });
    this.#times = { ...core.session, expiresS: options.sessionExpiresS ?? core.session.expiresS };
    this.#local = options.offer ? origin.stamp(options.offer) : "";
    core.attempts.add(this);
    this.#request = firstInvite(core, target, {
      options,
      contact: this.#contact,
      sdp: this.#local,
      headers: this.#asks(),
    });
    this.#transaction = this.#send();
    options.signal?.addEventListener("abort", this.#onAbort, { once: true });
    const { timeoutMs } = options;
    if (timeoutMs !== undefined)
      this.#limit.set(timeoutMs, () => this.#giveUp(new SipError(408, "No answer")));
  }

  close(): Promise<void> {
    this.#giveUp(new SipError(487, "Closing"));
    return this.#answered.promise;
  }

  #asks(): Record<string, string> {
    return asks(this.#times.expiresS, this.#times.shortestS);
  }

  #send(): ClientTransaction {
    const request = this.#request;
    return this.#core.send(request, (response) => {
      if (request === this.#request) this.#receive(response);
    });
  }

  #receive(response: SipResponse): void {
    if (response.status < 200) this.#progress(response);
    else if (response.status < 300) this.#accepted(response);
    else if (!this.#askAgain(response)) this.#refused(response);
  }

  #progress(response: SipResponse): void {
    if (response.status === 100 || this.#outcome !== "open") return;
    const tag = tagOf(response.headers.to);
    if (tag !== "" && !this.#early(tag, response)) return;
    this.#wanted.options.onProgress?.(response.status, response);
  }

  /** Takes a response in an early dialog, which may be its first; false when it says nothing new. */
  #early(tag: string, response: SipResponse): boolean {
    const known = this.#forks.get(tag);
    const fork = known ?? this.#fork(tag, response);
    const before = fork.leg.description;
    if (!fork.progress(response)) return false;
    const told = known !== undefined && fork.leg.description === before;
    if (!told && fork.leg.state === "early") this.#wanted.options.onEarly?.(fork.leg);
    return true;
  }

  #fork(tag: string, response: SipResponse): Fork {
    const { options, origin } = this.#wanted;
    const fork: Fork = new Fork(
      {
        core: this.#core,
        request: this.#request,
        offer: this.#local,
        origin,
        contact: this.#contact,
        times: this.#times,
        handlers: options.handlers,
        confirm: options.confirm,
        setup: {
          abandon: () => this.#giveUp(new SipError(487, "Cancelled")),
          left: () => fork.leg.lose("The peer left"),
        },
        answerTo: (offer) => this.#answerTo(offer),
        onUnanswerable: (error) => this.#giveUp(error),
        onAcknowledged: (ack) => {
          this.#forks.delete(tag);
          this.#acks.push(ack);
        },
      },
      response,
    );
    this.#forks.set(tag, fork);
    return fork;
  }

  /** The same call once more, on other terms or at another place; false when this refusal counts. */
  #askAgain(response: SipResponse): boolean {
    if (this.#outcome !== "open") return false;
    const seldom = this.#refreshedLess(response);
    const uri = seldom ? this.#request.uri : this.#elsewhere(response);
    if (uri === undefined) return false;
    for (const { leg } of this.#forks.values()) leg.lose(response.reason);
    this.#forks.clear();
    const cseq = { seq: response.headers.cseq.seq + 1, method: "INVITE" };
    this.#request = { ...this.#request, uri, headers: { ...this.#request.headers, cseq, ...this.#asks() } };
    this.#transaction = this.#send();
    return true;
  }

  /** 422: the session is to be refreshed less often (RFC 4028 §7.3). */
  #refreshedLess(response: SipResponse): boolean {
    const least = minSe(response);
    if (response.status !== 422 || least <= this.#times.shortestS) return false;
    this.#times = { expiresS: Math.max(this.#times.expiresS, least), shortestS: least };
    return true;
  }

  /** 3xx: the next of the places it names; of a place that refuses, the one after it, unless nobody wants the call (§8.1.3.4). */
  #elsewhere(response: SipResponse): SipUri | undefined {
    if (response.status < 400) {
      const { redirects = MOST_REDIRECTS } = this.#wanted.options;
      this.#redirects ??= new Redirects(this.#request.uri, redirects);
      this.#redirects.learn(response);
    }
    return response.status < 600 ? this.#redirects?.next() : undefined;
  }

  #refused(response: SipResponse): void {
    this.#finish();
    this.#outcome = "given-up";
    for (const { leg } of this.#forks.values()) leg.lose(response.reason);
    this.#forks.clear();
    this.#wanted.reject(new SipError(response.status, response.reason, { response }));
    this.#letGo();
  }

  /** Each 2xx is ACKed, each time it comes; only the first one wanted becomes the call (§13.2.2.4). */
  #accepted(response: SipResponse): void {
    this.#finish();
    const tag = tagOf(response.headers.to);
    const ack = this.#acks.find(({ headers }) => tagOf(headers.to) === tag);
    if (ack) this.#core.stack.sendStateless(ack);
    else this.#acceptedBy(this.#forks.get(tag) ?? this.#fork(tag, response), response);
  }

  #acceptedBy(fork: Fork, response: SipResponse): void {
    // A copy that came while the ACK still waits.
    if (fork.leg.state !== "early") return;
    if (this.#outcome === "open") void this.#establish(fork, response);
    else if (this.#outcome === "accepted" && this.#wanted.options.onFork)
      void this.#offerFork(fork, response);
    else fork.decline(response);
  }

  async #establish(fork: Fork, response: SipResponse): Promise<void> {
    this.#outcome = "accepted";
    for (const other of this.#forks.values()) if (other !== fork) other.leg.overtake();
    try {
      this.#wanted.options.onAccepted?.(response);
      const answer = await fork.accept(response);
      this.#wanted.resolve({ leg: fork.leg, answer });
    } catch (error) {
      this.#wanted.reject(error);
    }
    this.#letGo();
  }

  /** A second phone accepted: its leg is the owner's, if it wants one. */
  async #offerFork(fork: Fork, response: SipResponse): Promise<void> {
    try {
      const answer = await fork.accept(response);
      this.#wanted.options.onFork?.({ leg: fork.leg, answer });
    } catch (error) {
      this.#core.statusOf(error);
      void fork.leg.bye();
    }
  }

  async #answerTo(offer: Sdp): Promise<Sdp> {
    const answer = await this.#wanted.options.answerOffer?.(offer);
    if (!answer) throw new SipError(488, "The peer's offer was not answered");
    if (this.#wanted.options.signal?.aborted) throw new SipError(487, "Cancelled");
    return answer;
  }

  #giveUp(error: unknown, reason?: string): void {
    this.#stopClocks();
    if (this.#outcome !== "open") return;
    this.#outcome = "given-up";
    this.#wanted.reject(error);
    this.#letGo();
    this.#transaction.cancel(reason);
  }

  /** Its owner has the call, or no call: who is yet to answer is hung up on, and needs nothing of what was wanted. */
  #letGo(): void {
    if (this.#outcome === "accepted" && this.#wanted.options.onFork) return;
    this.#wanted = NOTHING;
    this.#local = "";
  }

  /** A final response came. */
  #finish(): void {
    this.#stopClocks();
    this.#core.attempts.delete(this);
    this.#answered.happen();
  }

  #stopClocks(): void {
    this.#limit.stop();
    this.#wanted.options.signal?.removeEventListener("abort", this.#onAbort);
  }
}
