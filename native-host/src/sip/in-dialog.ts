/** The requests of a call that are not about its session: REFER and its reports, SUBSCRIBE, INFO, MESSAGE, OPTIONS (RFC 3261 §12.2.2). */
import type { Core } from "./core.ts";
import type { Dialog, RequestParts } from "./dialog.ts";
import { eventOf, sameEvent } from "./event-header.ts";
import { type Body, extraHeaders, NO_TAGS } from "./header-values.ts";
import { receiveRefer } from "./incoming-refer.ts";
import { type Inside, receiveSubscribe } from "./incoming-subscribe.ts";
import { infoHeaders, packagesOf, receiveInfo } from "./info.ts";
import type { InDialogAnswer, Leg, LegHandlers } from "./leg.ts";
import type { SipMessage, SipRequest, SipResponse, SipUri } from "./message.ts";
import { receiveMessage } from "./message-request.ts";
import type { EventNotifier, NotifierPath } from "./notify.ts";
import { answerOptions } from "./options.ts";
import { type ReferOptions, Referrals } from "./refer.ts";
import { SipError } from "./sip-error.ts";
import type { ServerTransaction } from "./stack.ts";

export interface LegRequestsOptions {
  readonly core: Core;
  readonly leg: Leg;
  readonly dialog: Dialog;
  /** Sends a request in the dialog; resolves with its final response. */
  send(method: string, parts: RequestParts): Promise<SipResponse>;
}

export class LegRequests implements Inside {
  readonly leg: Leg;
  readonly #options: LegRequestsOptions;
  /** From the first REFER on. */
  #referrals: Referrals | undefined;
  #notifiers: EventNotifier[] = [];
  #peerPackages = NO_TAGS;
  #onIdle: (() => void) | undefined;

  constructor(options: LegRequestsOptions) {
    this.leg = options.leg;
    this.#options = options;
  }

  /** The INFO packages the peer takes. */
  get peerPackages(): ReadonlySet<string> {
    return this.#peerPackages;
  }

  /** A message of the peer that may name its INFO packages: INVITE, UPDATE, PRACK, ACK or a 2xx to one of them. */
  heard(message: SipMessage): void {
    this.#peerPackages = packagesOf(message) ?? this.#peerPackages;
  }

  refer(target: SipUri, options: ReferOptions): Promise<number> {
    const { core, send } = this.#options;
    this.#referrals ??= new Referrals({
      core,
      send: (headers) => send("REFER", { headers }),
      onIdle: () => this.#release(),
    });
    return this.#referrals.refer(target, options);
  }

  /** Throws SipError: 469 when the peer does not take the package, or the peer's refusal. */
  async info(name: string, body?: Body): Promise<void> {
    if (!this.#peerPackages.has(name)) throw new SipError(469, "Bad Info Package");
    const response = await this.#options.send("INFO", { headers: infoHeaders(name, body), body });
    if (response.status >= 300) throw new SipError(response.status, response.reason, { response });
  }

  receive(request: SipRequest, transaction: ServerTransaction): void {
    const { core } = this.#options;
    const { handlers } = this.leg;
    const { onRefer = core.owner.onRefer, onMessage = core.owner.onMessage } = handlers;
    const { method } = request;
    if (method === "OPTIONS") answerOptions(core, transaction, handlers);
    else if (method === "NOTIFY") core.respond(transaction, this.#referrals?.receive(request) ? 200 : 481);
    else if (method === "SUBSCRIBE") this.#subscribed(request, transaction);
    else if (method === "REFER" && onRefer) receiveRefer(core, transaction, onRefer, this);
    else if (method === "MESSAGE" && onMessage) receiveMessage(core, transaction, onMessage, this.leg);
    else this.#ask(transaction);
  }

  #ask(transaction: ServerTransaction): void {
    const { core } = this.#options;
    const { handlers } = this.leg;
    const taken = transaction.request.method === "INFO" && receiveInfo(core, transaction, handlers);
    if (!taken) void askOwner(core, handlers, transaction);
  }

  /** A SUBSCRIBE in the dialog of the call is for a subscription in it, or for another one (RFC 6665 §4.5.2). */
  #subscribed(request: SipRequest, transaction: ServerTransaction): void {
    const event = eventOf(request);
    // The first REFER of a dialog may be meant without its number (RFC 3515 §2.4.6).
    const isMeant = ({ event: own }: EventNotifier) =>
      sameEvent(own, event) || (event.name === "refer" && own.name === "refer" && event.id === undefined);
    const notifier = this.#notifiers.find(isMeant);
    const { core } = this.#options;
    if (notifier) notifier.subscribed(request, transaction, event);
    else if (event.name === "refer") core.respond(transaction, 481);
    // What is still reported keeps the dialog, and a 481 would end that too (RFC 5057 §5.1).
    else if (this.leg.state === "ended") core.respond(transaction, 403, { reason: "The Call Is Over" });
    else receiveSubscribe(core, transaction, this);
  }

  path(): NotifierPath {
    const { dialog, send } = this.#options;
    return {
      subscriber: dialog.remote,
      contact: dialog.contact,
      localTag: dialog.id.localTag,
      notify: (parts) => send("NOTIFY", parts),
      refreshTarget: (request) => dialog.refreshTarget(request),
      release: () => this.#release(),
    };
  }

  adopt(notifier: EventNotifier): void {
    this.#notifiers.push(notifier);
  }

  /** The call is over; `onIdle` is called when no subscription uses its dialog any more (RFC 5057 §4.1). */
  end(onIdle: () => void): void {
    this.#onIdle = onIdle;
    this.#release();
  }

  /** The dialog is gone: nobody will report, and nobody can be told. */
  stop(): void {
    for (const notifier of this.#notifiers) notifier.drop();
    this.#referrals?.stop();
  }

  #release(): void {
    if (this.#notifiers.length > 0) this.#notifiers = this.#notifiers.filter(({ active }) => active);
    if (this.#notifiers.length === 0 && this.#referrals?.idle !== false) this.#onIdle?.();
  }
}

/** Hands a request to the leg's owner and sends back what it says; without an owner's word the usual refusal. */
async function askOwner(core: Core, handlers: LegHandlers, transaction: ServerTransaction): Promise<void> {
  const answer = await ownersAnswer(core, handlers, transaction.request);
  const type = new Map(Object.entries(answer.headers ?? {})).get("content-type") ?? "text/plain";
  core.respond(transaction, answer.status, {
    reason: answer.reason,
    headers: extraHeaders(answer.headers),
    body: { type, content: answer.content ?? "" },
  });
}

async function ownersAnswer(core: Core, handlers: LegHandlers, request: SipRequest): Promise<InDialogAnswer> {
  const { onRequest } = handlers;
  if (!onRequest || request.method === "REFER" || request.method === "MESSAGE") return refusal(core, request);
  try {
    return await onRequest(request);
  } catch (error) {
    return { status: core.statusOf(error) };
  }
}

/** An INFO that says nothing is a sign of life; one that says something must be understood (RFC 6086 §4.2.2). */
function refusal(core: Core, { method, content }: SipRequest): InDialogAnswer {
  if (method === "INFO") return { status: content === "" ? 200 : 415 };
  const known = method === "REFER" || method === "MESSAGE" || method === "PUBLISH" || method === "REGISTER";
  return { status: known ? 405 : 501, headers: { allow: core.allow } };
}
