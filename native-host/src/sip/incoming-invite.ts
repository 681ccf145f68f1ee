/** An INVITE outside a dialog, from the peer's request to the owner that will decide (RFC 3261 §13.3, RFC 3891 §3, RFC 4028 §9). */
import type { Core } from "./core.ts";
import { dialogKey, usableContact } from "./dialog.ts";
import { mediaType, parseParameters, parseReplaces } from "./header-values.ts";
import { InviteLeg } from "./invite-leg.ts";
import type { DialogId, IncomingInvite } from "./leg.ts";
import { type SipHeaders, type SipRequest, textHeader } from "./message.ts";
import { partsOf } from "./multipart.ts";
import { PendingInvite } from "./pending-invite.ts";
import { isRecipientList } from "./recipient-list.ts";
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
  const replaces = readReplaces(request);
  if (!isReadable(request)) {
    core.respond(transaction, 415, { headers: { accept: "application/sdp, multipart/mixed" } });
  } else if (!usableContact(request)) core.respond(transaction, 400, { reason: "No Usable Contact" });
  else if (replaces === "malformed") core.respond(transaction, 400, { reason: "Malformed Replaces" });
  else if (!isSipUri(request.uri)) core.respond(transaction, 416);
  else {
    const refusal = refusalOf(core, request, replaces);
    if (refusal) core.respond(transaction, refusal.status, { headers: refusal.headers });
    else onInvite(new PendingInvite(core, transaction, request.uri, replaces));
  }
}

/** A session description, nothing, or parts; a list of people by itself, for those who take one (RFC 5366 §4). */
function isReadable(request: SipRequest): boolean {
  const type = mediaType(request);
  if (type === "" || type === "application/sdp") return true;
  const parts = partsOf(request);
  return type === "multipart/mixed" ? parts !== undefined : parts?.some(isRecipientList) === true;
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

/** The status for a Replaces that cannot be granted: only calls we placed may be taken while they ring (RFC 3891 §3). */
function statusOfTakeover(core: Core, request: SipRequest, replaces: DialogId): number | undefined {
  const named = core.users.get(dialogKey(replaces));
  if (!(named instanceof InviteLeg)) return isEarlyOnly(request) ? 481 : undefined;
  if (named.state === "early") return named.caller ? undefined : 481;
  return isEarlyOnly(request) ? 486 : undefined;
}

function isEarlyOnly(request: SipRequest): boolean {
  return parseParameters(textHeader(request, "replaces") ?? "").params.has("early-only");
}
