/** Who calls, as far as the INVITE tells: its From is nobody's word but the caller's. */

import type { NameAddr, SipUri } from "../sip/message.ts";
import { isSipUri } from "../sip/uri.ts";
import type { CallerIdentity } from "./far-end.ts";

export interface Visitor {
  readonly uri: SipUri;
  /** One line, 256 characters at most. */
  readonly display: string | undefined;
  /** As whom the user was called. */
  readonly called: CallerIdentity;
}

const MAX_NAME = 256;
const MAX_URI = 1024;
/** Nobody's address (RFC 3323 §4.1.1.3), for a caller who gives none that could be called. */
const ANONYMOUS: SipUri = "sip:anonymous@anonymous.invalid";

export function whoIs({ uri, name }: NameAddr): Omit<Visitor, "called"> {
  const display = name
    ?.replace(/\p{Cc}+/gu, " ")
    .trim()
    .slice(0, MAX_NAME);
  const isCallable = isSipUri(uri) && uri.length <= MAX_URI;
  return { uri: isCallable ? uri : ANONYMOUS, display: display === "" ? undefined : display };
}
