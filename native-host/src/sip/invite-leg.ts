/** Our half of an INVITE dialog, early or accepted: what is sent and received in it, and its end. */
import { Alarm } from "./alarm.ts";
import { inWords, sayBye } from "./bye.ts";
import type { Core, DialogUser } from "./core.ts";
import { type Dialog, dialogKey, type RequestParts } from "./dialog.ts";
import { after, type DialogEvent, type DialogState } from "./dialog-state.ts";
import { type Body, extraHeaders, NO_TAGS, optionTags } from "./header-values.ts";
import { LegRequests } from "./in-dialog.ts";
import type { DialogId, EarlyLeg, ExtraHeaders, Leg, LegHandlers } from "./leg.ts";
import type { LegSession, SessionLeg } from "./leg-session.ts";
import type { InviteLegOptions, Setup } from "./leg-setup.ts";
import {
  type NameAddr,
  type Sdp,
  type SipMessage,
  type SipRequest,
  type SipResponse,
  type SipUri,
  textHeader,
} from "./message.ts";
import { Negotiation } from "./negotiation.ts";
import type { ReferOptions } from "./refer.ts";
import type { ReliableResponses } from "./reliable.ts";
import { SessionTimer } from "./session-timer.ts";
import type { ServerTransaction } from "./stack.ts";
import { isSipUri } from "./uri.ts";

/** Reports of a REFER go on in the dialog when the call is over (RFC 5057 §4.1). */
const OUTLIVES_THE_CALL: ReadonlySet<string> = new Set(["NOTIFY", "SUBSCRIBE"]);

export class InviteLeg implements Leg, EarlyLeg, DialogUser, SessionLeg {
  /** We made the call. */
  readonly caller: boolean;
  /** The session, for those who set the call up. */
  readonly session: LegSession;
  handlers: LegHandlers;
  onLost?: (reason: string) => void;
  /** Our reliable responses, to which the caller's PRACKs go until the call is accepted. */
  reliable: ReliableResponses | undefined;
  readonly #core: Core;
  readonly #dialog: Dialog;
  /** Until the call is accepted, or lost. */
  #setup: Setup | undefined;
  readonly #negotiation: Negotiation;
  readonly #requests: LegRequests;
  readonly #overtaken = new Alarm();
  #supports = NO_TAGS;
  #allows = NO_TAGS;
  #state: DialogState = "early";
  #goodbye: Promise<void> | undefined;

  constructor({ core, dialog, caller, heard, agreement, times, setup, handlers = {} }: InviteLegOptions) {
    this.#core = core;
    this.#dialog = dialog;
    this.#setup = setup;
    this.caller = caller;
    this.handlers = handlers;
    const timer = new SessionTimer({
      times,
      onDue: () => this.#negotiation.refresh(),
      onExpired: () => this.#expire(),
    });
    this.session = { core, dialog, agreement, timer, leg: this };
    this.#negotiation = new Negotiation(this.session);
    const send = (method: string, parts: RequestParts) => this.#exchange(method, parts);
    this.#requests = new LegRequests({ core, leg: this, dialog, send });
    this.learn(heard);
    core.users.set(dialogKey(dialog.id), this);
    // Our answer goes out first.
    dialog.onTarget = (was) => queueMicrotask(() => this.#retargeted(was));
  }

  get leg(): Leg {
    return this;
  }

  get peer(): NameAddr {
    return { ...this.#dialog.remote, params: {} };
  }

  get state(): DialogState {
    return this.#state;
  }

  get id(): DialogId {
    return this.#dialog.id;
  }

  get takesUpdate(): boolean {
    return this.#allows.has("update");
  }

  get supports(): ReadonlySet<string> {
    return this.#supports;
  }

  get remoteContact(): NameAddr {
    return this.#dialog.remoteContact;
  }

  get localContact(): SipUri {
    const { uri } = this.#dialog.contact;
    return isSipUri(uri) ? uri : this.#core.address;
  }

  get description(): Sdp {
    return this.session.agreement.description;
  }

  get localDescription(): Sdp {
    return this.session.agreement.localDescription;
  }

  /** What a message of the peer says it can do; of a header that is missing the last one stands. */
  learn(message: SipMessage): void {
    this.#requests.heard(message);
    if (message.headers["supported"] !== undefined) this.#supports = optionTags(message, "supported");
    if (message.headers["allow"] !== undefined) this.#allows = optionTags(message, "allow");
  }

  /** The call was accepted: by this 2xx of the peer, or by ours. */
  confirm(response?: SipResponse): void {
    if (!this.#move("accepted")) return;
    this.#overtaken.stop();
    this.#setup = undefined;
    this.reliable = undefined;
    this.#negotiation.confirm();
    if (!response) return;
    this.#dialog.confirm(response);
    this.learn(response);
    this.session.timer.heard(response);
  }

  /** We answered the first INVITE with this 2xx: repeat it until its ACK. */
  accepted(response: SipResponse): void {
    this.#negotiation.accepted(response);
  }

  /** Another phone took the call; this one may still do so for as long as its 2xx may be under way (§13.2.2.4). */
  overtake(): void {
    if (this.#state !== "early") return;
    this.#overtaken.set(64 * this.#core.timers.t1, () => this.lose("Answered elsewhere"));
  }

  /** The call was not accepted here. */
  lose(reason: string): void {
    if (this.#state !== "early") return;
    this.#move("rejected");
    this.#forget();
    this.onLost?.(reason);
  }

  offer(sdp: Sdp): Promise<Sdp> {
    return this.#negotiation.offer(sdp);
  }

  refresh(contactUser: string): void {
    this.#dialog.rename(contactUser);
    this.#negotiation.refresh();
  }

  request(method: string, body?: Body, headers?: ExtraHeaders): Promise<SipResponse> {
    return this.#exchange(method, { body, headers: extraHeaders(headers) });
  }

  refer(target: SipUri, options: ReferOptions = {}): Promise<number> {
    return this.#requests.refer(target, options);
  }

  info(name: string, body?: Body): Promise<void> {
    return this.#requests.info(name, body);
  }

  bye(reason?: string): Promise<void> {
    if (this.#state === "early") this.#setup?.abandon(reason);
    else this.#goodbye ??= this.#move("bye") ? this.#hangUp(reason) : Promise.resolve();
    return this.#goodbye ?? Promise.resolve();
  }

  /** Nothing to say while it is early: its attempt does that. */
  close(): Promise<void> {
    return this.#state === "early" ? Promise.resolve() : this.bye();
  }

  /** Forgets the dialog without a word: the sockets are gone, or it never came to be. */
  drop(): void {
    this.#move("bye");
    this.#forget();
    this.#requests.stop();
  }

  acknowledge(ack: SipRequest): void {
    this.#negotiation.acknowledge(ack);
  }

  async acknowledged(): Promise<boolean> {
    await this.#negotiation.acknowledged();
    return this.#state !== "ended";
  }

  receive(request: SipRequest, transaction: ServerTransaction): void {
    const { method } = request;
    if (!this.#dialog.inOrder(request)) this.#core.respond(transaction, 500, { reason: "CSeq Out Of Order" });
    else if (method === "BYE") this.#receiveBye(request, transaction);
    else if (this.#state === "ended" && !OUTLIVES_THE_CALL.has(method)) this.#core.respond(transaction, 481);
    else if (method === "INVITE" || method === "UPDATE" || method === "PRACK") this.#change(transaction);
    else this.#requests.receive(request, transaction);
  }

  /** The requests about the session. */
  #change(transaction: ServerTransaction): void {
    const { request } = transaction;
    this.learn(request);
    if (request.method === "INVITE") this.#negotiation.receiveInvite(transaction);
    else if (request.method === "UPDATE") this.#negotiation.receiveUpdate(transaction);
    else if (this.reliable) this.reliable.receive(transaction);
    else this.#core.respond(transaction, 481);
  }

  #receiveBye(request: SipRequest, transaction: ServerTransaction): void {
    this.#core.respond(transaction, 200);
    if (this.#state === "early") this.#setup?.left();
    else this.#end("bye", textHeader(request, "reason") ?? "BYE");
  }

  async #exchange(method: string, { body, headers }: RequestParts): Promise<SipResponse> {
    const all = { ...this.#core.common(), ...headers };
    const request = this.#dialog.request(method, { headers: all, body });
    if (this.#state === "ended" && !OUTLIVES_THE_CALL.has(method)) return this.#core.response(request, 481);
    const response = await this.#core.exchange(request, { nextSeq: () => this.#dialog.nextSeq() });
    // A 481 to a NOTIFY ends what it reports on, not the call (RFC 6665 §4.2.2).
    const lost = response.status === 408 || (response.status === 481 && method !== "NOTIFY");
    if (lost) this.fail(response.status);
    return response;
  }

  /** The dialog is lost (§12.2.1.2); only a peer that answered 481 need not be told. */
  fail(status: number): void {
    if (this.#state === "early") {
      this.#setup?.left();
      return;
    }
    if (status !== 481 && this.#state !== "ended") void sayBye(this.#core, this.#dialog);
    this.#end("timeout", status === 0 ? "No ACK" : `${status}`, status !== 0);
    this.#requests.stop();
  }

  /** Nobody refreshed the session (RFC 4028 §10). */
  #expire(): void {
    const reason = `SIP;cause=408;text="Session expired"`;
    if (this.#state === "confirmed") void sayBye(this.#core, this.#dialog, reason);
    this.#end("timeout", "Session expired", true);
  }

  /** The callee's BYE waits for the ACK (§15), and meanwhile the 2xx goes on being repeated. */
  async #hangUp(reason: string | undefined): Promise<void> {
    this.session.timer.stop();
    await this.#negotiation.acknowledged();
    await sayBye(this.#core, this.#dialog, reason === undefined ? undefined : inWords(reason));
    this.#forget();
  }

  #retargeted(was: NameAddr): void {
    if (this.#state === "confirmed") this.handlers.onTarget?.(was);
  }

  #end(event: DialogEvent, reason: string, lost = false): void {
    if (!this.#move(event)) return;
    this.#forget();
    this.handlers.onEnded?.(reason, lost);
  }

  #forget(): void {
    // A BYE that is under way keeps the dialog, and must not keep us.
    this.#dialog.onTarget = undefined;
    this.#overtaken.stop();
    this.session.timer.stop();
    this.reliable?.stop();
    this.#negotiation.stop();
    this.#requests.end(() => this.#core.users.delete(dialogKey(this.id)));
  }

  #move(event: DialogEvent): boolean {
    const next = after(this.#state, event);
    this.#state = next ?? this.#state;
    return next !== undefined;
  }
}
