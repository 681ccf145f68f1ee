/** Conferences made for people who are brought together: where they are, and what the server there can do (paper §IV, Multi-Invite). */

import { ServiceError } from "../errors.ts";
import { optionTags } from "../sip/header-values.ts";
import type { SipResponse, SipUri } from "../sip/message.ts";
import { randomHex } from "../sip/random.ts";
import { RECIPIENT_LIST_INVITE } from "../sip/recipient-list.ts";
import { parseUri } from "../sip/uri.ts";

export interface NewConferenceOptions {
  /** `sip:HOST:PORT` of the conference server. */
  readonly server: SipUri;
  /** Asks what a server can do (OPTIONS); resolves with its final response or a 408 of our own. */
  ask(target: SipUri): Promise<SipResponse>;
}

export interface NewConference {
  readonly target: SipUri;
  /** The people can be named in the INVITE that opens it (RFC 5366). */
  readonly takesList: boolean;
}

/** Enough that nobody guesses it: who knows the name of a conference may come in. */
const RANDOM_BYTES = 8;
const LONGEST_NAME = 32;

/** Names a conference of `owner` that nobody else has. Throws ServiceError when the server is not there. */
export async function newConference(
  owner: SipUri,
  { server, ask }: NewConferenceOptions,
): Promise<NewConference> {
  const response = await ask(server);
  const { status, reason } = response;
  if (status === 408 || status >= 500) {
    throw new ServiceError("unreachable", [`The conference server ${server.replace(/^sips?:/, "")}`], {
      sip: status,
      reason,
    });
  }
  const user =
    parseUri(owner)
      ?.user?.replace(/[^A-Za-z0-9]+/g, "")
      .slice(0, LONGEST_NAME) || "user";
  const [scheme = "sip", place = ""] = server.split(/:(.*)/s);
  // The scheme is that of `server`, so what is put together is a SIP URI again.
  const target = `${scheme}:${user}-${randomHex(RANDOM_BYTES)}@${place}` as SipUri;
  return { target, takesList: optionTags(response, "supported").has(RECIPIENT_LIST_INVITE) };
}
