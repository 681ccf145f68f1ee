/** An INVITE outside a dialog, from the peer's request to our decision (RFC 3261 §13.3, RFC 3891 §3). */
import type { Attempt, Core } from "./core.ts";
import { Dialog, dialogKey, usableContact } from "./dialog.ts";
import { extraHeaders, mediaType, parseParameters, parseReplaces, sdpBody, token } from "./header-values.ts";
import { recvInfo } from "./info.ts";
import { InviteLeg } from "./invite-leg.ts";
import type { AcceptOptions, DialogId, ExtraHeaders, IncomingInvite, Leg } from "./leg.ts";
import { type Hop, type NameAddr, type Sdp, type SipRequest, type SipUri, textHeader } from "./message.ts";
import type { ServerTransaction } from "./stack.ts";
import { isSipUri, parseUri } from "./uri.ts";

/** Reads the INVITE and hands it to `onInvite`, or refuses one that no owner could accept. */
export function receiveInvite(
  core: Core,
  transaction: ServerTransaction,
  onInvite: (invite: IncomingInvite) => void,
): void {
  const { request } = transaction;
  const type = mediaType(request);
  const replaces = readReplaces(request);
  if (type !== "" && type !== "application/sdp") {
    core.respond(transaction, 415, { headers: { accept: "application/sdp" } });
  } else if (!usableContact(request)) core.respond(transaction, 400, { reason: "No Usable Contact" });
  else if (replaces === "malformed") core.respond(transaction, 400, { reason: "Malformed Replaces" });
  else if (!isSipUri(request.uri)) core.respond(transaction, 416);
  else if (replaces && isEarlyOnly(request))
    core.respond(transaction, core.users.has(dialogKey(replaces)) ? 486 : 481);
  else onInvite(new PendingInvite(core, transaction, request.uri, replaces));
}

function readReplaces(request: SipRequest): DialogId | "malformed" | undefined {
  const text = textHeader(request, "replaces");
  return text === undefined ? undefined : (parseReplaces(text) ?? "malformed");
}

/** The caller wants a call only while it rings; of ours all are answered (RFC 3891 §3). */
function isEarlyOnly(request: SipRequest): boolean {
  return parseParameters(textHeader(request, "replaces") ?? "").params.has("early-only");
}

class PendingInvite implements IncomingInvite, Attempt {
  readonly request: SipRequest;
  readonly from: NameAddr;
  readonly target: SipUri;
  readonly source: Hop;
  readonly offer: Sdp | undefined;
  readonly replaces: DialogId | undefined;
  onCancelled?: () => void;
  readonly #core: Core;
  readonly #transaction: ServerTransaction;
  readonly #tag = token();
  #decided = false;
  #leg: InviteLeg | undefined;

  constructor(core: Core, transaction: ServerTransaction, target: SipUri, replaces: DialogId | undefined) {
    this.#core = core;
    this.#transaction = transaction;
    this.request = transaction.request;
    this.from = transaction.request.headers.from;
    this.target = target;
    this.source = transaction.source;
    this.offer = transaction.request.content || undefined;
    this.replaces = replaces;
    core.attempts.add(this);
    transaction.onCancel = () => this.#cancel();
  }

  ring(status = 180): undefined {
    if (this.#decided || status <= 100 || status >= 200) return;
    const headers = { ...this.#core.common(), contact: [this.#contact({})] };
    this.#core.respond(this.#transaction, status, { tag: this.#tag, headers });
  }

  accept(sdp: Sdp, options: AcceptOptions = {}): Leg {
    this.#leg ??= this.#makeLeg(sdp, options);
    return this.#leg;
  }

  reject(status: number, reason?: string, headers?: ExtraHeaders): void {
    if (!this.#decide()) return;
    this.#core.respond(this.#transaction, status, { reason, tag: this.#tag, headers: extraHeaders(headers) });
  }

  close(): Promise<void> {
    this.reject(480);
    return Promise.resolve();
  }

  #makeLeg(sdp: Sdp, options: AcceptOptions): InviteLeg {
    const { request } = this;
    const contact = this.#contact(options);
    const dialog = Dialog.ofCallee(request, this.#tag, contact);
    const { handlers } = options;
    const leg = new InviteLeg({ core: this.#core, dialog, caller: false, heard: request, handlers });
    const local = leg.describe(sdp, this.offer ?? "");
    if (!this.#decide()) {
      leg.drop();
      return leg;
    }
    const headers = {
      ...this.#core.common(),
      ...recvInfo(handlers),
      ...extraHeaders(options.headers),
      contact: [contact],
    };
    const response = this.#core.response(request, 200, { tag: this.#tag, headers, body: sdpBody(local) });
    this.#transaction.respond(response);
    leg.accepted(response, this.offer === undefined);
    return leg;
  }

  #contact({ contactUser, contactParams }: AcceptOptions): NameAddr {
    const user = contactUser ?? parseUri(this.target)?.user;
    return this.#core.contactFor(this.#transaction, { user, params: { ...contactParams } });
  }

  #cancel(): void {
    if (!this.#decide()) return;
    this.#core.respond(this.#transaction, 487, { tag: this.#tag });
    this.onCancelled?.();
  }

  /** True once: for whoever answers first. */
  #decide(): boolean {
    if (this.#decided) return false;
    this.#decided = true;
    this.#core.attempts.delete(this);
    return true;
  }
}
