/** Join (RFC 3911): a caller names a call, and wants to be in the conversation it belongs to. */
import { formatReplaces, parseReplaces } from "./header-values.ts";
import type { DialogId } from "./leg.ts";
import { type SipRequest, textHeader } from "./message.ts";
import { SipError } from "./sip-error.ts";

/** The option tag, for an owner's extensions: nothing is joined unless the owner does it. */
export const JOIN = "join";

/** The dialog that an INVITE names, as one of ours: our own tag is localTag. Throws SipError 400 (RFC 3911 §4). */
export function joinIn(request: SipRequest): DialogId | undefined {
  const text = textHeader(request, "join");
  if (text === undefined) return undefined;
  if (textHeader(request, "replaces") !== undefined) throw new SipError(400, "Both Join And Replaces");
  // Written as Replaces is (RFC 3911 §7.1).
  const dialog = parseReplaces(text);
  if (!dialog) throw new SipError(400, "Malformed Join");
  return dialog;
}

/** For the peer that shares this dialog with us or with somebody who told us of it. */
export const formatJoin = formatReplaces;
