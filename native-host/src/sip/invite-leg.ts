/** Our half of an INVITE dialog that was accepted: offer and answer, other requests, and its end. */
import { Origin } from "#sdp/origin.ts";
import type { Core, DialogUser } from "./core.ts";
import { type Dialog, dialogKey, type RequestParts } from "./dialog.ts";
import { after, type DialogEvent, type DialogState } from "./dialog-state.ts";
import { type Body, extraHeaders, oneLine, optionTags } from "./header-values.ts";
import { LegRequests } from "./in-dialog.ts";
import type { DialogId, ExtraHeaders, Leg, LegHandlers } from "./leg.ts";
import {
  type NameAddr,
  type Sdp,
  type SipMessage,
  type SipRequest,
  type SipResponse,
  type SipUri,
  textHeader,
} from "./message.ts";
import { Negotiation } from "./re-invite.ts";
import type { ReferOptions } from "./refer.ts";
import type { ServerTransaction } from "./stack.ts";
import { isSipUri } from "./uri.ts";

/** Reports of a REFER go on in the dialog when the call is over (RFC 5057 §4.1). */
const OUTLIVES_THE_CALL: ReadonlySet<string> = new Set(["NOTIFY", "SUBSCRIBE"]);

export interface InviteLegOptions {
  readonly core: Core;
  readonly dialog: Dialog;
  readonly caller: boolean;
  /** The message that tells what the peer supports: its INVITE or its 2xx. */
  readonly heard: SipMessage;
  /** Of the offer that already went out; a new one when missing. */
  readonly origin?: Origin;
  readonly handlers: LegHandlers | undefined;
}

export class InviteLeg implements Leg, DialogUser {
  readonly peer: NameAddr;
  readonly supports: ReadonlySet<string>;
  handlers: LegHandlers;
  readonly #core: Core;
  readonly #dialog: Dialog;
  readonly #negotiation: Negotiation;
  readonly #requests: LegRequests;
  #state: DialogState = "confirmed";
  #goodbye: Promise<void> | undefined;

  constructor({ core, dialog, caller, heard, origin = new Origin(), handlers = {} }: InviteLegOptions) {
    this.#core = core;
    this.#dialog = dialog;
    this.peer = { ...dialog.remote, params: {} };
    this.supports = optionTags(heard, "supported");
    this.handlers = handlers;
    const onFatal = (status: number) => this.#fail(status);
    this.#negotiation = new Negotiation({
      core,
      dialog,
      caller,
      origin,
      handlers: () => this.handlers,
      onFatal,
    });
    const send = (method: string, parts: RequestParts) => this.#exchange(method, parts);
    this.#requests = new LegRequests({ core, leg: this, dialog, send });
    this.#requests.heard(heard);
    core.users.set(dialogKey(dialog.id), this);
  }

  get leg(): Leg {
    return this;
  }

  get state(): DialogState {
    return this.#state;
  }

  get id(): DialogId {
    return this.#dialog.id;
  }

  get remoteContact(): NameAddr {
    return this.#dialog.remoteContact;
  }

  get localContact(): SipUri {
    const { uri } = this.#dialog.contact;
    return isSipUri(uri) ? uri : this.#core.address;
  }

  get description(): Sdp {
    return this.#negotiation.description;
  }

  get localDescription(): Sdp {
    return this.#negotiation.localDescription;
  }

  /** The session as the first INVITE leaves it; returns our description under this leg's own o= line. */
  describe(local: Sdp, remote: Sdp): Sdp {
    return this.#negotiation.begin(local, remote);
  }

  /** We answered the first INVITE with this 2xx: repeat it until its ACK. */
  accepted(response: SipResponse, answerInAck: boolean): void {
    this.#negotiation.accepted(response, answerInAck);
  }

  offer(sdp: Sdp): Promise<Sdp> {
    return this.#negotiation.offer(sdp);
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
    if (!this.#goodbye) {
      const ended = !this.#move("bye");
      this.#goodbye = ended ? Promise.resolve() : this.#hangUp(reason);
    }
    return this.#goodbye;
  }

  close(): Promise<void> {
    return this.bye();
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
    if (!this.#dialog.inOrder(request)) this.#core.respond(transaction, 500, { reason: "CSeq Out Of Order" });
    else if (request.method === "BYE") this.#receiveBye(request, transaction);
    else if (this.#state === "ended" && !OUTLIVES_THE_CALL.has(request.method)) {
      this.#core.respond(transaction, 481);
    } else if (request.method === "INVITE") {
      this.#requests.heard(request);
      this.#negotiation.receive(request, transaction);
    } else this.#requests.receive(request, transaction);
  }

  #receiveBye(request: SipRequest, transaction: ServerTransaction): void {
    this.#core.respond(transaction, 200);
    this.#end("bye", textHeader(request, "reason") ?? "BYE");
  }

  async #exchange(method: string, { body, headers }: RequestParts): Promise<SipResponse> {
    const all = { ...this.#core.common(), ...headers };
    const request = this.#dialog.request(method, { headers: all, body });
    if (this.#state === "ended" && !OUTLIVES_THE_CALL.has(method)) return this.#core.response(request, 481);
    const response = await this.#core.exchange(request, { nextSeq: () => this.#dialog.nextSeq() });
    // A 481 to a NOTIFY ends what it reports on, not the call (RFC 6665 §4.2.2).
    const lost = response.status === 408 || (response.status === 481 && method !== "NOTIFY");
    if (lost) this.#fail(response.status);
    return response;
  }

  /** The dialog is lost (§12.2.1.2); only a peer that answered 481 need not be told. */
  #fail(status: number): void {
    if (status !== 481 && this.#state !== "ended") void this.#sendBye();
    this.#end("timeout", status === 0 ? "No ACK" : `${status}`);
    this.#requests.stop();
  }

  /** The callee's BYE waits for the ACK (§15), and meanwhile the 2xx goes on being repeated. */
  async #hangUp(reason: string | undefined): Promise<void> {
    await this.#negotiation.acknowledged();
    await this.#sendBye(reason);
    this.#forget();
  }

  async #sendBye(reason?: string): Promise<void> {
    const headers =
      reason === undefined ? {} : { reason: `SIP;text="${oneLine(reason).replace(/["\\]/g, "'")}"` };
    const bye = this.#dialog.request("BYE", { headers });
    await this.#core.exchange(bye, { nextSeq: () => this.#dialog.nextSeq() });
  }

  #end(event: DialogEvent, reason: string): void {
    if (!this.#move(event)) return;
    this.#forget();
    this.handlers.onEnded?.(reason);
  }

  #forget(): void {
    this.#negotiation.stop();
    this.#requests.end(() => this.#core.users.delete(dialogKey(this.id)));
  }

  #move(event: DialogEvent): boolean {
    const next = after(this.#state, event);
    this.#state = next ?? this.#state;
    return next !== undefined;
  }
}
