/** Our SUBSCRIBE to an event package, kept alive by itself (RFC 6665 §4.1). */
import type { Core, DialogUser } from "./core.ts";
import { Dialog, dialogKey } from "./dialog.ts";
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
import type { ServerTransaction } from "./stack.ts";
import { type SubscriptionEvent, type SubscriptionState, subscriptionStates } from "./subscription-states.ts";

export interface Notification {
  /** Media type of the body, lower case, without parameters. */
  readonly type: string;
  readonly content: string;
  /** `active`, `pending` or `terminated`. */
  readonly state: string;
}

export interface SubscribeOptions {
  readonly event: string;
  readonly accept: string;
  /** What we ask for; the notifier may grant less. 3600 when missing. */
  readonly expiresS?: number;
  readonly from?: { readonly name?: string; readonly uri: SipUri };
  readonly headers?: ExtraHeaders;
  /** Each NOTIFY with a body. */
  onNotify(notification: Notification): void;
  /** The subscription is over and not by our end(): refused or lost (`status`), or terminated by the notifier. */
  onEnded(reason: string, status?: number, retryAfterS?: number): void;
}

export interface Subscription {
  readonly state: SubscriptionState;
  /** Asks for the full state again; a refresh on its way already serves. */
  refresh(): void;
  /** Unsubscribes; idempotent, resolves when answered or given up. */
  end(): Promise<void>;
}

const DEFAULT_EXPIRES_S = 3600;

/** The longest any grant counts, a day: a timer must be able to hold it. */
const LONGEST_S = 86_400;

export function subscribe(core: Core, target: SipUri, options: SubscribeOptions): Subscription {
  return new OutgoingSubscription(core, target, options);
}

class OutgoingSubscription implements Subscription, DialogUser {
  readonly #core: Core;
  readonly #options: SubscribeOptions;
  readonly #contact: NameAddr;
  readonly #request: SipRequest;
  readonly #key: string;
  readonly #machine: Machine<SubscriptionState, SubscriptionEvent>;
  readonly #firstAnswer: Promise<void>;
  #dialog: Dialog | undefined;
  #grantedS: number;
  #ended: Promise<void> | undefined;
  #why: { reason: string; status?: number; retryAfterS?: number } = { reason: "no NOTIFY", status: 408 };

  constructor(core: Core, target: SipUri, options: SubscribeOptions) {
    this.#core = core;
    this.#options = options;
    this.#grantedS = options.expiresS ?? DEFAULT_EXPIRES_S;
    const from = options.from && { ...options.from, params: {} };
    this.#contact = core.contactTo(target, { from });
    const headers = { ...this.#headers(), contact: [this.#contact], ...extraHeaders(options.headers) };
    this.#request = core.first("SUBSCRIBE", target, { from, headers });
    const { from: local, "call-id": callId } = this.#request.headers;
    this.#key = dialogKey({ callId, localTag: tagOf(local), remoteTag: "" });
    core.users.set(this.#key, this);
    const clocks = { timerN: 64 * core.timers.t1, refreshAfterMs: () => refreshAfterMs(this.#grantedS) };
    this.#machine = new Machine(subscriptionStates(clocks), "notify-wait", (state, event) =>
      this.#entered(state, event),
    );
    this.#firstAnswer = core.exchange(this.#request).then((response) => this.#answered(response));
  }

  get state(): SubscriptionState {
    return this.#machine.state;
  }

  refresh(): void {
    this.#machine.send("due");
  }

  end(): Promise<void> {
    this.#ended ??= this.#machine.send("leave") ? this.#unsubscribe() : Promise.resolve();
    return this.#ended;
  }

  close(): Promise<void> {
    return this.end();
  }

  drop(): void {
    this.#machine.send("closed");
  }

  receive(request: SipRequest, transaction: ServerTransaction): void {
    const refusal = this.#refusalOf(request);
    this.#core.respond(transaction, refusal ?? 200);
    if (refusal !== undefined) return;
    this.#dialog?.refreshTarget(request);
    const subscription = parseParameters(textHeader(request, "subscription-state") ?? "");
    this.#tell(request, subscription);
    this.#follow(subscription);
  }

  /** The status to refuse a NOTIFY with, if it is not the next one of ours. */
  #refusalOf(request: SipRequest): number | undefined {
    const event = parseParameters(textHeader(request, "event") ?? "").value;
    if (request.method !== "NOTIFY") return 481;
    if (event.toLowerCase() !== this.#options.event.toLowerCase()) return 489;
    if (!textHeader(request, "subscription-state")) return 400;
    // The NOTIFY may overtake the 2xx and then makes the dialog itself (§4.4.1).
    this.#dialog ??= Dialog.ofEarlyNotify(this.#request, request, this.#contact);
    if (this.#dialog.id.remoteTag !== tagOf(request.headers.from)) return 481;
    return this.#dialog.inOrder(request) ? undefined : 500;
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
      this.#why = {
        reason: params.get("reason") || "terminated",
        ...(retryAfterS !== undefined && { retryAfterS }),
      };
      this.#machine.send("terminated");
      return;
    }
    if (this.state === "notify-wait") this.#grant(params.get("expires"));
    this.#machine.send("notify");
  }

  #answered(response: SipResponse): void {
    if (response.status >= 300) {
      this.#why = { reason: response.reason, status: response.status };
      this.#machine.send("refused");
      return;
    }
    this.#dialog ??= Dialog.ofCaller(this.#request, response, this.#contact);
    this.#dialog.refreshTarget(response);
    this.#grant(textHeader(response, "expires"));
    this.#machine.send("accepted");
  }

  #grant(expires: string | undefined): void {
    const asked = this.#options.expiresS ?? DEFAULT_EXPIRES_S;
    this.#grantedS = Math.min(seconds(expires) ?? asked, LONGEST_S);
  }

  #entered(state: SubscriptionState, event: SubscriptionEvent): void {
    if (event === "due") void this.#resubscribe();
    if (state !== "ended") return;
    this.#core.users.delete(this.#key);
    if (event === "closed" || this.#ended !== undefined) return;
    const { reason, status, retryAfterS } = this.#why;
    this.#options.onEnded(reason, status, retryAfterS);
  }

  async #resubscribe(): Promise<void> {
    if (!this.#dialog) return;
    this.#why = { reason: "no NOTIFY", status: 408 };
    const headers = { ...this.#headers(), ...extraHeaders(this.#options.headers) };
    this.#answered(await this.#core.exchange(this.#dialog.request("SUBSCRIBE", { headers })));
  }

  /** SUBSCRIBE with Expires 0; the last NOTIFY still finds us until timer N (§4.1.2.3). */
  async #unsubscribe(): Promise<void> {
    await this.#firstAnswer;
    if (!this.#dialog) return;
    const headers = { ...this.#headers(), expires: "0" };
    const { status } = await this.#core.exchange(this.#dialog.request("SUBSCRIBE", { headers }));
    if (status >= 300) this.#machine.send("refused");
  }

  #headers() {
    const { event, accept, expiresS = DEFAULT_EXPIRES_S } = this.#options;
    return { ...this.#core.common(), event: oneLine(event), accept: oneLine(accept), expires: `${expiresS}` };
  }
}

/** Early enough for a lost SUBSCRIBE to be repeated, half the time for a short grant. */
function refreshAfterMs(grantedS: number): number {
  return Math.max(1000 * Math.max(grantedS / 2, grantedS - 32), 1000);
}
