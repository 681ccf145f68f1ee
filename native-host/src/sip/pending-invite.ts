/** An INVITE that waits for our decision: it rings, with early media if need be, until somebody decides (RFC 3261 §13.3.1). */
import { Origin } from "#sdp/origin.ts";
import { Agreement } from "./agreement.ts";
import type { Attempt, Core } from "./core.ts";
import { Dialog } from "./dialog.ts";
import { extraHeaders, optionTags, sdpBody, token } from "./header-values.ts";
import { recvInfo } from "./info.ts";
import { InviteLeg } from "./invite-leg.ts";
import type {
  AcceptOptions,
  DialogId,
  EarlyLeg,
  ExtraHeaders,
  IncomingInvite,
  Leg,
  RingOptions,
} from "./leg.ts";
import { answerTo, sdpIn } from "./leg-session.ts";
import type { Setup } from "./leg-setup.ts";
import type { Hop, NameAddr, Sdp, SipRequest, SipResponse, SipUri } from "./message.ts";
import { describing } from "./multipart.ts";
import { ReliableResponses } from "./reliable.ts";
import type { ServerTransaction } from "./stack.ts";
import { parseUri } from "./uri.ts";

export class PendingInvite implements IncomingInvite, Attempt, Setup {
  readonly request: SipRequest;
  readonly from: NameAddr;
  readonly target: SipUri;
  readonly source: Hop;
  readonly offer: Sdp | undefined;
  readonly replaces: DialogId | undefined;
  onCancelled?: (reason?: string) => void;
  readonly #core: Core;
  readonly #transaction: ServerTransaction;
  readonly #tag = token();
  readonly #agreement = new Agreement(new Origin());
  /** `accepting`: the owner took the call, and our 2xx waits for a PRACK. */
  #phase: "ringing" | "accepting" | "decided" = "ringing";
  #leg: InviteLeg | undefined;

  constructor(core: Core, transaction: ServerTransaction, target: SipUri, replaces: DialogId | undefined) {
    this.#core = core;
    this.#transaction = transaction;
    this.request = transaction.request;
    this.from = transaction.request.headers.from;
    this.target = target;
    this.source = transaction.source;
    this.offer = sdpIn(transaction.request) || undefined;
    if (this.offer !== undefined) this.#agreement.offered(this.offer);
    this.replaces = replaces;
    core.attempts.add(this);
    transaction.onCancel = (reason) => this.#abandon(487, "Cancelled", reason);
  }

  ring(status = 180, options: RingOptions = {}): EarlyLeg | undefined {
    if (this.#phase !== "ringing" || status <= 100 || status >= 200) return undefined;
    const leg = this.#open();
    if (options.handlers) leg.handlers = options.handlers;
    const { reliable } = leg;
    const asked = options.reliable ?? options.sdp !== undefined;
    if (reliable && (asked || this.#requires("100rel"))) {
      const body = sdpBody(options.sdp && this.#describe(options.sdp));
      reliable.send((headers) => this.#response(status, { ...headers }, body?.content));
    } else this.#transaction.respond(this.#response(status, {}, this.#preview(options.sdp)));
    return leg;
  }

  accept(sdp: Sdp, options: AcceptOptions = {}): Leg {
    const leg = this.#open();
    if (this.#phase === "decided" && leg.state === "early") leg.drop();
    if (this.#phase !== "ringing") return leg;
    this.#phase = "accepting";
    const { contactUser, contactParams } = options;
    if (contactUser !== undefined || contactParams) leg.session.dialog.contact = this.#contact(options);
    if (options.handlers) leg.handlers = options.handlers;
    if (leg.reliable?.busy) void leg.reliable.settled.then(() => this.#accept(leg, sdp, options));
    else this.#accept(leg, sdp, options);
    return leg;
  }

  reject(status: number, reason?: string, headers?: ExtraHeaders): void {
    if (!this.#decide()) return;
    this.#core.respond(this.#transaction, status, { reason, tag: this.#tag, headers: extraHeaders(headers) });
    this.#leg?.lose(reason ?? `${status}`);
  }

  close(): Promise<void> {
    this.reject(480);
    return Promise.resolve();
  }

  abandon(reason?: string): void {
    this.reject(480, reason);
  }

  left(): void {
    this.#abandon(487, "The caller left");
  }

  /** Our half of the dialog, which begins with our first response that has a tag (§12.1.1). */
  #open(): InviteLeg {
    this.#leg ??= this.#makeLeg();
    return this.#leg;
  }

  #makeLeg(): InviteLeg {
    const core = this.#core;
    const agreement = this.#agreement;
    const leg: InviteLeg = new InviteLeg({
      core,
      dialog: Dialog.ofCallee(this.request, this.#tag, this.#contact({})),
      caller: false,
      heard: this.request,
      agreement,
      times: core.session,
      setup: this,
      handlers: undefined,
    });
    if (this.#supports("100rel")) {
      leg.reliable = new ReliableResponses({
        core,
        transaction: this.#transaction,
        agreement,
        onAnswer: (answer) => leg.handlers.onAnswer?.(answer),
        answerTo: (offer) => answerTo(leg.session, offer),
        onLost: () => this.#abandon(504, "No PRACK"),
      });
    }
    return leg;
  }

  #supports(option: string): boolean {
    return optionTags(this.request, "supported").has(option) || this.#requires(option);
  }

  #requires(option: string): boolean {
    return optionTags(this.request, "require").has(option);
  }

  /** Our answer, or our offer, in a response the caller confirms; nothing when there was one. */
  #describe(sdp: Sdp): Sdp | undefined {
    const agreement = this.#agreement;
    if (agreement.open === "peer") return agreement.answer(sdp);
    return agreement.open === undefined && !agreement.reached ? agreement.offer(sdp) : undefined;
  }

  /** Our answer in a response nobody confirms; an offer may not travel so (RFC 3261 §13.2.1). */
  #preview(sdp: Sdp | undefined): Sdp | undefined {
    return sdp !== undefined && this.#agreement.open === "peer" ? this.#agreement.preview(sdp) : undefined;
  }

  #response(status: number, headers: Record<string, string>, sdp?: Sdp): SipResponse {
    const contact = [this.#open().session.dialog.contact];
    const all = { ...this.#core.abilities(), contact, ...headers };
    return this.#core.response(this.request, status, { tag: this.#tag, headers: all, body: sdpBody(sdp) });
  }

  #accept(leg: InviteLeg, sdp: Sdp, options: AcceptOptions): void {
    if (!this.#decide()) return;
    const agreement = this.#agreement;
    // What the caller has heard while it rang is what the 2xx must say (§13.2.1).
    const local = this.#describe(agreement.localDescription || sdp);
    const { timer, dialog } = leg.session;
    const granted = timer.grant(this.request);
    const headers = {
      ...this.#core.abilities(),
      ...recvInfo(leg.handlers),
      ...extraHeaders(options.headers),
      ...granted,
      contact: [dialog.contact],
    };
    const response = this.#core.response(this.request, 200, {
      tag: this.#tag,
      headers,
      body: describing(local, options.parts),
    });
    leg.confirm();
    this.#transaction.respond(response);
    leg.accepted(response);
  }

  #contact({ contactUser, contactParams }: AcceptOptions): NameAddr {
    const user = contactUser ?? parseUri(this.target)?.user;
    return this.#core.contactFor(this.#transaction, { user, params: { ...contactParams } });
  }

  /** The caller is gone before we were done. */
  #abandon(status: number, reason: string, said?: string): void {
    const taken = this.#phase === "accepting";
    if (!this.#decide()) return;
    this.#core.respond(this.#transaction, status, { tag: this.#tag });
    this.#leg?.lose(reason);
    if (taken) this.#leg?.handlers.onEnded?.(reason, false);
    else this.onCancelled?.(said);
  }

  /** True once: for whoever answers first. */
  #decide(): boolean {
    if (this.#phase === "decided") return false;
    this.#phase = "decided";
    this.#core.attempts.delete(this);
    return true;
  }
}
