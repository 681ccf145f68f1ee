/** The dialog of a subscription of ours, which its first NOTIFY makes, and the NOTIFYs that belong to it (RFC 6665 §4.4.1). */
import type { Core, DialogUser } from "./core.ts";
import { Dialog, dialogKey } from "./dialog.ts";
import { eventOf } from "./event-header.ts";
import { tagOf } from "./header-values.ts";
import { type NameAddr, type SipHeaders, type SipRequest, type SipResponse, textHeader } from "./message.ts";

export class SubscriberDialog {
  readonly #core: Core;
  readonly #user: DialogUser;
  readonly #contact: NameAddr;
  #request: SipRequest;
  #key = "";
  #dialog: Dialog | undefined;
  /** A NOTIFY came in the dialog. */
  #confirmed = false;

  constructor(
    core: Core,
    user: DialogUser,
    { contact, request }: { contact: NameAddr; request: SipRequest },
  ) {
    this.#core = core;
    this.#user = user;
    this.#contact = contact;
    this.#request = request;
  }

  /** The first SUBSCRIBE. */
  get request(): SipRequest {
    return this.#request;
  }

  /** Waits for the NOTIFYs of `remoteTag`, or for the first of anybody. */
  enlist(remoteTag = ""): void {
    const { from, "call-id": callId } = this.#request.headers;
    this.#key = dialogKey({ callId, localTag: tagOf(from), remoteTag });
    this.#core.users.set(this.#key, this.#user);
  }

  /** Waits for nobody any more. */
  delist(): void {
    this.#core.users.delete(this.#key);
  }

  /** Nothing is left of the subscription that was lost. */
  beginAgain(request: SipRequest): void {
    this.#dialog = undefined;
    this.#confirmed = false;
    this.#request = request;
  }

  /** Sends the first SUBSCRIBE; resolves with nothing when it is not the first any more. */
  async first(): Promise<SipResponse | undefined> {
    const callId = this.#request.headers["call-id"];
    const response = await this.#core.exchange(this.#request);
    return this.#request.headers["call-id"] === callId ? response : undefined;
  }

  /** Makes the first SUBSCRIBE what comes next after this refusal. */
  repeat({ headers: { cseq } }: SipResponse, changed: Partial<SipHeaders>): void {
    const headers = { ...this.#request.headers, ...changed, cseq: { ...cseq, seq: cseq.seq + 1 } };
    this.#request = { ...this.#request, headers };
  }

  /** Sends a SUBSCRIBE in the dialog; resolves with nothing when there is none, or another one. */
  async again(headers: Partial<SipHeaders>): Promise<SipResponse | undefined> {
    const dialog = this.#dialog;
    if (!dialog) return undefined;
    const request = dialog.request("SUBSCRIBE", { headers });
    const response = await this.#core.exchange(request, { nextSeq: () => dialog.nextSeq() });
    return this.#dialog === dialog ? response : undefined;
  }

  /** Whether a request is the NOTIFY of another notifier that answers the same SUBSCRIBE. */
  isOfAnother(request: SipRequest): boolean {
    const other = this.#confirmed && this.#dialog?.id.remoteTag !== tagOf(request.headers.from);
    return other && request.method === "NOTIFY";
  }

  /** The status to refuse a request with that is not the next NOTIFY of ours; one that is makes the dialog, or goes on in it. */
  refusalOf(request: SipRequest): number | undefined {
    const event = eventOf(request);
    const own = eventOf(this.#request);
    if (request.method !== "NOTIFY") return 481;
    if (event.name !== own.name || (event.id ?? own.id) !== own.id) return 489;
    if (!textHeader(request, "subscription-state")) return 400;
    if (this.#dialog?.id.remoteTag !== tagOf(request.headers.from)) {
      if (this.#confirmed) return 481;
      // It overtook the 2xx, or is from another fork than the one whose 2xx came.
      this.#dialog = Dialog.ofEarlyNotify(this.#request, request, this.#contact);
    }
    this.#confirmed = true;
    if (!this.#dialog.inOrder(request)) return 500;
    this.#dialog.refreshTarget(request);
    return undefined;
  }

  /** The 2xx to a SUBSCRIBE of ours. */
  accepted(response: SipResponse): void {
    this.#dialog ??= Dialog.ofCaller(this.#request, response, this.#contact);
    if (this.#dialog.id.remoteTag === tagOf(response.headers.to)) this.#dialog.refreshTarget(response);
  }
}
