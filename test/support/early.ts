/** What tests of ringing calls say by hand: reliable responses of a phone and requests in its dialog. */
import assert from "node:assert/strict";
import type { SipRequest } from "#sip/message.ts";
import type { AnswerParts } from "./fake-stack.ts";

/** A provisional response that asks for PRACK (RFC 3262). */
export function reliably(rseq: number, parts: AnswerParts = {}): AnswerParts {
  return {
    contact: "sip:desk@bob:5060",
    ...parts,
    headers: { require: "100rel", rseq: `${rseq}`, ...parts.headers },
  };
}

/** A request of bob, whose tag is `tag`, in the dialog that alice's INVITE opened. */
export function fromBob(
  invite: SipRequest | undefined,
  method: string,
  seq: number,
  tag = "scripted",
): SipRequest {
  assert.ok(invite);
  const { from, to, "call-id": callId, contact } = invite.headers;
  const target = contact === "*" ? undefined : contact?.[0]?.uri;
  const bobs = { ...to, params: { tag } };
  const headers = { via: [], from: bobs, to: from, "call-id": callId, cseq: { seq, method } };
  return { method, uri: target ?? "", headers, content: "" };
}

/** The same request with a session description. */
export function withSdp(request: SipRequest, sdp: string): SipRequest {
  return { ...request, headers: { ...request.headers, "content-type": "application/sdp" }, content: sdp };
}
