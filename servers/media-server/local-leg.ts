/** One end of a call within this process: what SIP would carry is handed over as it is, and nothing of it is lost or late. */

import { setImmediate as nextTurn } from "node:timers/promises";
import type { DialogState } from "#sip/dialog-state.ts";
import { type Body, bodyParts, extraHeaders } from "#sip/header-values.ts";
import type { DialogId, ExtraHeaders, Leg, LegHandlers } from "#sip/leg.ts";
import type { NameAddr, Sdp, SipRequest, SipResponse, SipUri } from "#sip/message.ts";
import { Once } from "#sip/once.ts";
import { buildResponse, reasonOf } from "#sip/response.ts";
import { SipError } from "#sip/sip-error.ts";
import { LocalOwner } from "./local-owner.ts";

/** What both ends are called, in place of an address. */
export const OWN: SipUri = "sip:own.invalid";

const ADDRESS: NameAddr = { uri: OWN, params: {} };

/** What the two ends of a call share. */
interface Shared {
  readonly owner: LocalOwner;
  /** One offer at a time, whoever makes it: this one is over before the next is made. */
  offering: Promise<unknown>;
}

export class LocalLeg implements Leg {
  readonly id: DialogId;
  readonly peer = ADDRESS;
  readonly remoteContact = ADDRESS;
  readonly localContact = OWN;
  readonly supports: ReadonlySet<string> = new Set();
  description: Sdp = "";
  localDescription: Sdp = "";
  handlers: LegHandlers = {};
  readonly #shared: Shared;
  #other: LocalLeg | undefined;
  #state: DialogState = "early";
  #forget: (() => void) | undefined;
  #goodbye: Promise<void> | undefined;
  /** No 200 of ours waits for its ACK. */
  readonly #acknowledged = new Once();
  readonly #over = new Once();

  private constructor(id: DialogId, shared: Shared) {
    this.id = id;
    this.#shared = shared;
  }

  /** Both ends of a call, first the caller's; `forget` is called when that of the callee ends. */
  static pair(id: DialogId, forget: () => void, owner = new LocalOwner()): [LocalLeg, LocalLeg] {
    const shared = { owner, offering: Promise.resolve() };
    const caller = new LocalLeg(id, shared);
    const callee = new LocalLeg(turned(id), shared);
    caller.#other = callee;
    callee.#other = caller;
    caller.#acknowledged.happen();
    callee.#forget = forget;
    return [caller, callee];
  }

  get state(): DialogState {
    return this.#state;
  }

  /** The call was accepted; `description` is "" to a callee who made the offer. */
  confirm(localDescription: Sdp, description: Sdp): void {
    this.#agreed(localDescription, description);
    this.#state = "confirmed";
    // Until its answer has come no other offer may be made (RFC 3264 §4).
    if (description === "") this.#shared.offering = this.#acknowledged.promise;
  }

  /** The ACK has come, with the answer if the offer was ours. */
  acknowledge(answer?: Sdp): void {
    if (answer !== undefined && this.#state === "confirmed") {
      this.#agreed(this.localDescription, answer);
      this.#shared.owner.tell(() => this.handlers.onAnswer?.(answer));
    }
    this.#acknowledged.happen();
  }

  async acknowledged(): Promise<boolean> {
    await this.#acknowledged.promise;
    return this.#state !== "ended";
  }

  offer(sdp: Sdp): Promise<Sdp> {
    return Promise.race([this.#offerInTurn(sdp), this.#untilOver()]);
  }

  /** Nobody looks for either end by a Contact. */
  refresh(): void {}

  async request(method: string, body?: Body, headers?: ExtraHeaders): Promise<SipResponse> {
    const request = this.message(method, body, headers);
    await nextTurn();
    const other = this.#far;
    const answer = other ? await this.#shared.owner.ask(other, request) : { status: 481 };
    return buildResponse(request, answer.status, { ...answer, headers: extraHeaders(answer.headers) });
  }

  refer(): Promise<number> {
    return Promise.reject(new SipError(501, "Not Implemented"));
  }

  info(): Promise<void> {
    return Promise.reject(new SipError(469, "Bad Info Package"));
  }

  bye(reason?: string): Promise<void> {
    this.#goodbye ??= this.#end() ? this.#hangUp(reason) : Promise.resolve();
    return this.#goodbye;
  }

  /** It ends without a word: the call was not accepted. */
  drop(): void {
    this.#end();
    this.#acknowledged.happen();
  }

  /** A request as this end would write it. */
  message(method: string, body?: Body, headers?: ExtraHeaders): SipRequest {
    const { callId, localTag, remoteTag } = this.id;
    const written = bodyParts(body);
    const from = { uri: OWN, params: { tag: localTag } };
    const to = { uri: OWN, params: { tag: remoteTag } };
    const dialog = { via: [], from, to, "call-id": callId, cseq: { seq: 1, method } };
    const all = { ...extraHeaders(headers), ...written.headers, ...dialog };
    return { method, uri: OWN, headers: all, content: written.content };
  }

  /** The other end, while the call stands. What is said to it is said a turn later, as if it were far: its owner has it by then. */
  get #far(): LocalLeg | undefined {
    const other = this.#other;
    return this.#state === "ended" || other?.state === "ended" ? undefined : other;
  }

  async #offerInTurn(sdp: Sdp): Promise<Sdp> {
    await this.#acknowledged.promise;
    const turn = this.#shared.offering.then(() => this.#offer(sdp));
    this.#shared.offering = turn.catch(() => undefined);
    return turn;
  }

  async #offer(sdp: Sdp): Promise<Sdp> {
    await nextTurn();
    const asked = this.#far;
    const answer = asked ? await this.#shared.owner.answer(asked, sdp) : 481;
    const other = this.#far;
    if (typeof answer === "number") throw new SipError(answer, reasonOf(answer));
    if (!other) throw callEnded();
    other.#agreed(answer, sdp);
    this.#agreed(sdp, answer);
    return answer;
  }

  async #untilOver(): Promise<never> {
    await this.#over.promise;
    throw callEnded();
  }

  /** The callee's BYE waits for the ACK (RFC 3261 §15). */
  async #hangUp(reason = "BYE"): Promise<void> {
    await this.#acknowledged.promise;
    await nextTurn();
    this.#other?.left(reason);
  }

  /** The other end has hung up. */
  left(reason: string): void {
    const first = this.#end();
    this.#acknowledged.happen();
    if (first) this.#shared.owner.tell(() => this.handlers.onEnded?.(reason, false));
  }

  #agreed(localDescription: Sdp, description: Sdp): void {
    this.localDescription = localDescription;
    this.description = description;
  }

  #end(): boolean {
    if (this.#state === "ended") return false;
    this.#state = "ended";
    this.#over.happen();
    this.#forget?.();
    return true;
  }
}

function callEnded(): SipError {
  return new SipError(481, "The call has ended");
}

/** The same dialog from its other end. */
export function turned({ callId, localTag, remoteTag }: DialogId): DialogId {
  return { callId, localTag: remoteTag, remoteTag: localTag };
}
