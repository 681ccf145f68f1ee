/** Under which name and address a call is made: the user's own, a name for this conference only, or none. */

import type { SipUri } from "../sip/message.ts";
import type { CallerIdentity } from "./far-end.ts";

const MAX_NAME = 256;

/** Nobody's address (RFC 3323 §4.1.1.3); the focus then calls us "Guest" and a number. */
const ANONYMOUS = { name: "Anonymous", uri: "sip:anonymous@anonymous.invalid" } as const;

/**
 * `display` is shown in that conference. A page (`origin`) learns nothing more than what the user chose for it; a command
 * of the user's own without a name keeps that of the call it moves, or speaks under the configured identity (undefined).
 */
export function identityFor(
  { display, origin }: { readonly display?: string | undefined; readonly origin?: string | undefined },
  own: SipUri,
  current?: CallerIdentity,
): CallerIdentity {
  const name = display?.trim().slice(0, MAX_NAME);
  if (name) return { name, uri: own };
  return origin === undefined ? current : ANONYMOUS;
}
