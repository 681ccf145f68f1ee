<<<<<<< native-host/src/sip/incoming-invite.ts

/** An INVITE outside a dialog, from the peer's request to the owner that will decide (RFC 3261 §13.3, RFC 3891 §3, RFC 4028 §9). */
import type { Core } from "./core.ts";
import { dialogKey, usableContact } from "./dialog.ts";
import { mediaType, parseParameters, parseReplaces } from "./header-values.ts";

=======

/** An INVITE outside a dialog, from the peer's request to our decision (RFC 3261 §13.3, RFC 3891 §3). */
import type { Attempt, Core } from "./core.ts";
import { Dialog, dialogKey, usableContact } from "./dialog.ts";
import { extraHeaders, mediaType, parseParameters, parseReplaces, sdpBody, token } from "./header-values.ts";
import { recvInfo } from "./info.ts";

>>>>>>> /tmp/inv-new/native-host/src/sip/incoming-invite.ts

import { InviteLeg } from "./invite-leg.ts";
import type { DialogId, IncomingInvite } from "./leg.ts";
import { type SipHeaders, type SipRequest, textHeader } from "./message.ts";
import { PendingInvite } from "./pending-invite.ts";
import { knowsTimer, sessionExpires } from "./session-expires.ts";
import type { ServerTransaction } from "./stack.ts";
import { isSipUri } from "./uri.ts";

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
  else {
    const refusal = refusalOf(core, request, replaces);
    if (refusal) core.respond(transaction, refusal.status, { headers: refusal.headers });
    else onInvite(new PendingInvite(core, transaction, request.uri, replaces));
  }
}

interface Refusal {
  readonly status: number;
  readonly headers?: Partial<SipHeaders>;
}

/** A well-formed INVITE that asks for what we cannot grant. */
function refusalOf(core: Core, request: SipRequest, replaces: DialogId | undefined): Refusal | undefined {
  if (isTooBrief(core, request)) return { status: 422, headers: { "min-se": `${core.session.shortestS}` } };
  const status = replaces && statusOfTakeover(core, request, replaces);
  return status === undefined ? undefined : { status };
}

function readReplaces(request: SipRequest): DialogId | "malformed" | undefined {
  const text = textHeader(request, "replaces");
  return text === undefined ? undefined : (parseReplaces(text) ?? "malformed");
}

/** A caller that cannot read 422 is not refused, only refreshed less often than it asks (RFC 4028 §9). */
function isTooBrief(core: Core, request: SipRequest): boolean {
  const asked = sessionExpires(request);
  return asked !== undefined && asked.intervalS < core.session.shortestS && knowsTimer(request);
}

<<<<<<< native-host/src/sip/incoming-invite.ts
/** The status for a Replaces that cannot be granted: only calls we placed may be taken while they ring (RFC 3891 §3). */
function statusOfTakeover(core: Core, request: SipRequest, replaces: DialogId): number | undefined {
  const named = core.users.get(dialogKey(replaces));
  if (!(named instanceof InviteLeg)) return isEarlyOnly(request) ? 481 : undefined;
  if (named.state === "early") return named.caller ? undefined : 481;
  return isEarlyOnly(request) ? 486 : undefined;
}
=======
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
>>>>>>> /tmp/inv-new/native-host/src/sip/incoming-invite.ts

function isEarlyOnly(request: SipRequest): boolean {
  return parseParameters(textHeader(request, "replaces") ?? "").params.has("early-only");
}
