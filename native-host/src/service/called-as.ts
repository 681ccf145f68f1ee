/** Whose call an INVITE is: that of one of the user's addresses, or nobody's here. */

import type { SipUri } from "../sip/message.ts";
import { hostPort, parseUri } from "../sip/uri.ts";
import type { CallerIdentity } from "./far-end.ts";

export interface Addresses {
  /** Where the user is registered. */
  readonly accounts: readonly NonNullable<CallerIdentity>[];
  readonly identity: SipUri;
  /** Whether calls are taken that come by no account; only where there is none when missing. */
  readonly direct?: boolean | undefined;
}

/**
 * As whom the user is called by a request to `target`; undefined when it is not this user, or not in a way that is
 * allowed. `dialled` is its To, "" where that does not matter.
 */
export function calledAs(
  target: SipUri,
  dialled: string,
  addresses: Addresses,
): NonNullable<CallerIdentity> | undefined {
  const { accounts, identity, direct = accounts.length === 0 } = addresses;
  const user = userOf(target);
  if (user === undefined) return undefined;
  // A registrar's proxy leaves To as the caller wrote it; who calls us at our own address has asked nobody (RFC 3261 §16.6).
  const isDirect = place(dialled) === place(target);
  if (isDirect && !direct) return undefined;
  const account = accounts.find(({ uri }) => userOf(uri) === user);
  if (account) return account;
  return direct && userOf(identity) === user ? { uri: identity } : undefined;
}

function userOf(uri: SipUri): string | undefined {
  const user = parseUri(uri)?.user;
  if (user === undefined) return undefined;
  try {
    return decodeURIComponent(user);
  } catch {
    return user;
  }
}

function place(uri: string): string | undefined {
  const parsed = parseUri(uri);
  if (!parsed) return undefined;
  const { host, port } = hostPort(parsed);
  return `${host.toLowerCase()}:${port}`;
}
