/** Whom a participation belongs to: the From of its INVITE, and the address its signalling came from or what a proxy asserts. */

import type { NameAddr } from "#sip/message.ts";
import { isSipUri, parseUri } from "#sip/uri.ts";
import { displayName } from "./display-name.ts";

/** Where a request came from. */
export interface Origin {
  readonly address: string;
  /** Who sent it by the word of a trusted proxy, an AOR (RFC 3325 §9.1). */
  readonly asserted?: string;
}

export interface Identity extends Origin {
  /** The From URI without parameters, host in lower case. */
  readonly aor: string;
  /** The caller withheld the From (RFC 3323 §4.1.1.3); all such callers have the same AOR. */
  readonly anonymous: boolean;
  /** What the roster may call them; undefined when they are anonymous. */
  readonly name: string | undefined;
}

const ANONYMOUS_HOST = "anonymous.invalid";

export function identityOf(from: NameAddr, { address, asserted }: Origin): Identity {
  const uri = parseUri(from.uri);
  const host = uri?.host.toLowerCase() ?? "";
  const anonymous = host === ANONYMOUS_HOST;
  return {
    aor: aorOf(from.uri),
    anonymous,
    name: anonymous ? undefined : (displayName(from.name) ?? displayName(uri?.user) ?? host),
    address,
    ...(asserted !== undefined && { asserted }),
  };
}

/** A URI without parameters, host in lower case. */
export function aorOf(text: string): string {
  const { scheme = "", user, host = "", port } = parseUri(text) ?? {};
  const before = user === undefined ? "" : `${user}@`;
  return `${scheme}:${before}${host.toLowerCase()}${port === undefined ? "" : `:${port}`}`;
}

/**
 * What a takeover has to show beside the dialog's tags: the same From, and the same identity by a trusted proxy's word, from
 * whatever address; without such a word of both the same signalling address.
 */
export function sameOwner(one: Identity, other: Identity): boolean {
  if (one.aor !== other.aor) return false;
  if (one.asserted !== undefined && other.asserted !== undefined) return one.asserted === other.asserted;
  return one.address === other.address;
}

/** What is kept of somebody, beside the From, to know them again. */
export function proofOf({ asserted, address }: Origin): string {
  return asserted ?? address;
}

/** Where somebody of that proof came from. */
export function originOf(proof: string): Origin {
  return isSipUri(proof) ? { asserted: proof, address: "" } : { address: proof };
}
