/** What an INVITE orders of its leg beside the media: `configure_leg` in a part of its own, answered in the 200 (RFC 5022 §3, RFC 5621). */
import type { SipRequest } from "#sip/message.ts";
import type { BodyPart } from "#sip/multipart.ts";
import { MscmlError } from "../mscml/document.ts";
import { type MscmlResponse, response } from "../mscml/notification.ts";
import { mscmlOf, mscmlPart } from "../mscml/part.ts";
import { readRequest } from "../mscml/request.ts";
import { settingsOf } from "./leg-control.ts";
import type { StreamSettings } from "./media-engine.ts";

export interface FirstOrder {
  /** Nothing when it cannot be done: the leg is then as if nothing had been ordered. */
  readonly settings?: StreamSettings;
  /** What the owner is told about it, in the 200. */
  readonly answer: BodyPart;
}

/** Undefined when the INVITE has no such part. */
export function firstOrder(invite: SipRequest): FirstOrder | undefined {
  const content = mscmlOf(invite);
  if (content === undefined) return undefined;
  try {
    const request = readRequest(content);
    const { name, id } = request;
    if (name !== "configure_leg")
      throw new MscmlError(501, "An INVITE can say configure_leg only", { request: name, id });
    const settings = settingsOf(request);
    return { settings, answer: answering({ request: name, id, code: 200, text: "OK" }) };
  } catch (cause) {
    return { answer: answering(refusal(cause)) };
  }
}

/** What cannot be read has no name. */
function refusal(cause: unknown): Omit<MscmlResponse, "kind"> {
  if (!(cause instanceof MscmlError)) throw cause;
  const { code, message: text, asked = { request: "unknown" } } = cause;
  return { ...asked, code, text };
}

function answering(answer: Omit<MscmlResponse, "kind">): BodyPart {
  return mscmlPart(response(answer));
}
