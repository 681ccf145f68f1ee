/** Whom a participation belongs to: the From of its INVITE and the address its signalling came from. */

import type { NameAddr } from "#sip/message.ts";
import { parseUri } from "#sip/uri.ts";
import { displayName } from "./display-name.ts";

export interface Identity {
  /** The From URI without parameters, host in lower case. */
  readonly aor: string;
  /** The caller withheld the From (RFC 3323 §4.1.1.3); all such callers have the same AOR. */
  readonly anonymous: boolean;
  /** What the roster may call them; undefined when they are anonymous. */
  readonly name: string | undefined;
  readonly address: string;
}

const ANONYMOUS_HOST = "anonymous.invalid";

export function identityOf(from: NameAddr, source: { readonly address: string }): Identity {
  const uri = parseUri(from.uri);
  const host = uri?.host.toLowerCase() ?? "";
  const user = uri?.user;
  const port = uri?.port === undefined ? "" : `:${uri.port}`;
  const anonymous = host === ANONYMOUS_HOST;
  return {
    aor: `${uri?.scheme ?? ""}:${user === undefined ? "" : `${user}@`}${host}${port}`,
    anonymous,
    name: anonymous ? undefined : (displayName(from.name) ?? displayName(user) ?? host),
    address: source.address,
  };
}

/** Same From and same signalling address: what a takeover has to show beside the dialog's tags. */
export function sameOwner(one: Identity, other: Identity): boolean {
  return one.aor === other.aor && one.address === other.address;
}
