/** The name of a conference: the user part of the URI that people call (RFC 4353 §4.1). */

import type { SipUri } from "#sip/message.ts";
import { parseUri } from "#sip/uri.ts";

/** 1 to 64 unreserved characters, the first a letter or digit: safe in a URI, in a header and in a log line. */
const CONFERENCE_ID = /^[A-Za-z0-9][A-Za-z0-9._~-]{0,63}$/;

/** The conference that `target` names, or undefined when it names none. */
export function conferenceId(target: SipUri): string | undefined {
  const user = parseUri(target)?.user;
  return user !== undefined && isConferenceId(user) ? user : undefined;
}

export function isConferenceId(name: string): boolean {
  return CONFERENCE_ID.test(name);
}
