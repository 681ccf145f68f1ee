/** MSCML in an INVITE or its 2xx, in a part beside the description (RFC 5022 §3, RFC 5621 §8). */
import type { SipMessage } from "#sip/message.ts";
import { type BodyPart, partsOf } from "#sip/multipart.ts";
import { MSCML } from "./document.ts";

/** A document as such a part; whoever does not know MSCML may pass it over. */
export function mscmlPart(content: string): BodyPart {
  return { type: MSCML, disposition: "signal;handling=optional", content };
}

/** The document in a message; undefined when it has none, or its body cannot be taken apart. */
export function mscmlOf(message: SipMessage): string | undefined {
  return partsOf(message)?.find(({ type }) => type === MSCML)?.content;
}
