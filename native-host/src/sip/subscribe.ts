/** Our SUBSCRIBE to an event package, kept alive by itself (RFC 6665 §4.1). */
import type { Attempt, Core, DialogUser } from "./core.ts";
import { Grant, LONGEST_GRANT_S } from "./grant.ts";
import {
  extraHeaders,
  mediaType,
  oneLine,
  type Parameterised,
  parseParameters,
  seconds,
  tagOf,
} from "./header-values.ts";
import type { ExtraHeaders } from "./leg.ts";
import { Machine } from "./machine.ts";
import { type NameAddr, type SipRequest, type SipResponse, type SipUri, textHeader } from "./message.ts";
import { isPassing, type Loss, pauseAfter, retryAfterOf } from "./resubscribe.ts";
import type { ServerTransaction } from "./stack.ts";
import { SubscriberDialog } from "./subscriber-dialog.ts";
import { type SubscriptionEvent, type SubscriptionState, subscriptionStates } from "./subscription-states.ts";

export interface Notification {
  /** Media type of the body, lower case, without parameters. */
  readonly type: string;
  readonly content: string;
  /** `active`, `pending` or `terminated`. */
  readonly state: string;
}

/** Who hears of a subscription. */
export interface SubscriptionListener {
  /** Each NOTIFY with a body. */
  onNotify(notification: Notification): void;
  /** The subscription is over and not by our end(): refused (`status`), or terminated by the notifier for good. */
  onEnded(reason: string, status?: number, retryAfterS?: number): void;
}

export interface SubscribeOptions extends SubscriptionListener {
  /** The package, with its parameters if there are any: `conference`, `dialog;id=7`. */
  readonly event: string;
  readonly accept: string;
  /** What we ask for; the notifier may grant less. 3600 when missing; 0 asks for the state once. */
  readonly expiresS?: number;
  readonly from?: { readonly name?: string; readonly uri: SipUri };
  readonly headers?: ExtraHeaders;
  /** Our SUBSCRIBE forked and another notifier answers too (§4.4.1): who shall hear of it. Refused with 481 without this. */
  onFork?(subscription: Subscription): SubscriptionListener;
}

/** One that is lost for a time asks anew by itself: its state is then `pausing`. */
export interface Subscription {
  readonly state: SubscriptionState;
  /** Asks for the full state again; a refresh on its way already serves. */
  refresh(): void;
  /** Unsubscribes; idempotent, resolves when answered or given up. */
  end(): Promise<void>;
}

const DEFAULT_EXPIRES_S = 3600;

const NO_NOTIFY: Loss = { reason: "no NOTIFY", status: 408 };

export function subscribe(core: Core, target: SipUri, options: SubscribeOptions): Subscription {
  return new OutgoingSubscription(core, target, options);
}

class OutgoingSubscription implements Subscription, DialogUser, Attempt {
  readonly #core: Core;
  readonly #target: SipUri;
  readonly #options: SubscribeOptions;
  readonly #contact: NameAddr;
  readonly #machine: Machine<SubscriptionState, SubscriptionEvent>;
  /** One of several that answered the same SUBSCRIBE: it is not asked for again. */
  readonly #forked: boolean;
  readonly #grant: Grant;
  readonly #own: SubscriberDialog;
  #firstAnswer: Promise<void> = Promise.resolve();
  #askedS: number;
  #pauseMs = 0;
  #ended: Promise<void> | undefined;
  #loss: Loss = NO_NOTIFY;
  #established = false;
  #losses = 0;

  constructor(core: Core, target: SipUri, options: SubscribeOptions, fork?: SipRequest) {
    this.#core = core;
    this.#target = target;
    this.#options = options;
    this.#forked = fork !== undefined;
    this.#askedS = options.expiresS ?? DEFAULT_EXPIRES_S;
    this.#grant = new Grant(this.#askedS);
    this.#contact = core.contactTo(target, { from: this.#from });
    const request = fork ?? this.#compose();
    this.#own = new SubscriberDialog(core, this, { contact: this.#contact, request });
    const clocks = {
      timerN: 64 * core.timers.t1,
      refreshAfterMs: () => this.#grant.refreshAfterMs,
      pauseMs: () => this.#pauseMs,
    };
    this.#machine = new Machine(subscriptionStates(clocks), "notify-wait", (state, event) =>
      this.#entered(state, event),
    );
    if (fork) return;
    // Also while it pauses and has no dialog.
    core.attempts.add(this);
    this.#begin();
  }

  get state(): SubscriptionState {
    return this.#machine.state;
  }

  refresh(): void {
    this.#machine.send("due");
  }

  end(): Promise<void> {
    this.#ended ??= this.#leave();
    return this.#ended;
  }

  close(): Promise<void> {
    return this.end();
  }

  drop(): void {
    this.#machine.send("closed");
  }

  receive(request: SipRequest, transaction: ServerTransaction): void {
    const fork = this.#forkOf(request);
    if (fork) {
      fork.receive(request, transaction);
      return;
    }
    const refusal = this.#own.refusalOf(request);
    this.#core.respond(transaction, refusal ?? 200);
    if (refusal !== undefined) return;
    this.#established = true;
    const subscription = parseParameters(textHeader(request, "subscription-state") ?? "");
    this.#tell(request, subscription);
    this.#follow(subscription);
  }

  /** The subscription of another notifier that answers the same SUBSCRIBE, if somebody wants to hear of it. */
  #forkOf(request: SipRequest): OutgoingSubscription | undefined {
    const { onFork } = this.#options;
    if (!onFork || this.#forked || !this.#own.isOfAnother(request)) return undefined;
    const listener: { to?: SubscriptionListener } = {};
    const options: SubscribeOptions = {
      ...this.#options,
      onNotify: (notification) => listener.to?.onNotify(notification),
      onEnded: (...how) => listener.to?.onEnded(...how),
    };
    const fork = new OutgoingSubscription(this.#core, this.#target, options, this.#own.request);
    fork.#own.enlist(tagOf(request.headers.from));
    listener.to = onFork(fork);
    return fork;
  }

  #tell(request: SipRequest, { value }: Parameterised): void {
    if (this.state === "ending" || request.content === "") return;
    this.#options.onNotify({
      type: mediaType(request),
      content: request.content,
      state: value.toLowerCase(),
    });
  }

  #follow({ value, params }: Parameterised): void {
    if (value.toLowerCase() === "terminated") {
      const retryAfterS = seconds(params.get("retry-after"));
      const reason = params.get("reason")?.toLowerCase() || "terminated";
      this.#fail({ reason, retryAfterS });
      return;
    }
    const toldS = seconds(params.get("expires"));
    const shorter = toldS !== undefined && this.#grant.isShortenedTo(toldS);
    if (this.state === "notify-wait" || shorter) this.#grant.renew(toldS ?? this.#askedS);
    if (shorter) this.#machine.send("granted");
    this.#machine.send("notify");
  }

  #answered(response: SipResponse): void {
    const { status, reason } = response;
    const retryAfterS = retryAfterOf(response);
    if (status >= 300) {
      if (!this.#putOff(status, retryAfterS)) this.#fail({ reason, status, retryAfterS });
      return;
    }
    this.#own.accepted(response);
    this.#grant.renew(seconds(textHeader(response, "expires")) ?? this.#askedS);
    if (this.#machine.send("granted")) this.#losses = 0;
  }

  /** A refresh that failed for now is tried again as long as the old grant lasts (§4.1.2.2). */
  #putOff(status: number, retryAfterS: number | undefined): boolean {
    if (this.state !== "refreshing" || status === 408 || !isPassing(status)) return false;
    return this.#grant.hold(retryAfterS) && this.#machine.send("held");
  }

  #fail(loss: Loss): void {
    this.#loss = loss;
    this.#machine.send("failed");
  }

  #entered(state: SubscriptionState, event: SubscriptionEvent): void {
    if (event === "due") void this.#resubscribe();
    else if (event === "retry") this.#beginAgain();
    else if (state === "lost") this.#judge();
    else if (state === "ended") this.#finish(event);
  }

  /** Over for good, or asked for anew after a pause. */
  #judge(): void {
    const history = { established: this.#established, losses: this.#losses };
    const pauseMs =
      this.#forked || this.#options.expiresS === 0 ? undefined : pauseAfter(this.#loss, history);
    this.#own.delist();
    this.#losses += 1;
    this.#pauseMs = pauseMs ?? 0;
    this.#machine.send(pauseMs === undefined ? "over" : "again");
  }

  #finish(event: SubscriptionEvent): void {
    this.#own.delist();
    this.#core.attempts.delete(this);
    if (event === "closed" || event === "leave" || this.#ended !== undefined) return;
    const { reason, status, retryAfterS } = this.#loss;
    this.#options.onEnded(reason, status, retryAfterS);
  }

  get #from(): NameAddr | undefined {
    const { from } = this.#options;
    return from && { ...from, params: {} };
  }

  #compose(): SipRequest {
    const headers = { ...this.#headers(), contact: [this.#contact], ...extraHeaders(this.#options.headers) };
    return this.#core.first("SUBSCRIBE", this.#target, { from: this.#from, headers });
  }

  /** A new Call-ID, a new dialog. */
  #beginAgain(): void {
    this.#own.beginAgain(this.#compose());
    this.#begin();
  }

  #begin(): void {
    this.#loss = NO_NOTIFY;
    this.#own.enlist();
    this.#firstAnswer = this.#ask();
  }

  async #ask(): Promise<void> {
    const response = await this.#own.first();
    if (!response) return;
    if (!this.#asksForMore(response)) {
      this.#answered(response);
      return;
    }
    this.#own.repeat(response, { expires: `${this.#askedS}` });
    await this.#ask();
  }

  /** 423: the notifier grants no less than Min-Expires, which is what we ask for then (§4.1.2.1); once. */
  #asksForMore(response: SipResponse): boolean {
    const leastS = seconds(textHeader(response, "min-expires"));
    if (response.status !== 423 || leastS === undefined) return false;
    if (leastS <= this.#askedS || leastS > LONGEST_GRANT_S) return false;
    this.#askedS = leastS;
    return true;
  }

  async #resubscribe(): Promise<void> {
    this.#loss = NO_NOTIFY;
    const response = await this.#own.again({ ...this.#headers(), ...extraHeaders(this.#options.headers) });
    if (!response) return;
    if (this.#asksForMore(response)) await this.#resubscribe();
    else this.#answered(response);
  }

  /** SUBSCRIBE with Expires 0; the last NOTIFY still finds us until timer N (§4.1.2.3). */
  async #leave(): Promise<void> {
    if (!this.#machine.send("leave")) return;
    await this.#firstAnswer;
    if (this.state !== "ending") return;
    const response = await this.#own.again({ ...this.#headers(), expires: "0" });
    if (response && response.status >= 300) this.#machine.send("failed");
  }

  #headers() {
    const { event, accept } = this.#options;
    return {
      ...this.#core.common(),
      event: oneLine(event),
      accept: oneLine(accept),
      expires: `${this.#askedS}`,
    };
  }
}
