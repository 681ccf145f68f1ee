/** Callers who come by a proxy that is trusted: their own address, and by that proxy's word who they are (RFC 3325). */

import { isIP } from "node:net";
import type { IncomingInvite } from "#sip/leg.ts";
import { textHeader, type Via } from "#sip/message.ts";
import { bareHost, isSipUri, parseNameAddr } from "#sip/uri.ts";
import { aorOf, type Identity, identityOf, type Origin } from "./identity.ts";

/** A request, and the address its signalling came from. */
export type Sender = Pick<IncomingInvite, "request" | "from" | "source">;

export class TrustedProxies {
  readonly #addresses: ReadonlySet<string>;

  /** IP addresses, IPv6 without brackets; from everybody else nothing is believed. */
  constructor(addresses: readonly string[] = []) {
    this.#addresses = new Set(addresses.map(canonical));
  }

  identityOf(sender: Sender): Identity {
    return identityOf(sender.from, this.originOf(sender));
  }

  originOf(sender: Sender): Origin {
    const { address } = sender.source;
    if (!this.#addresses.has(canonical(address))) return { address };
    const asserted = assertedIn(sender);
    return { address: this.#before(sender), ...(asserted !== undefined && { asserted }) };
  }

  /** Each trusted proxy has noted in the next Via where it had the request from (RFC 3261 §18.2.1); beyond them anything may be made up. */
  #before({ request, source }: Sender): string {
    let { address } = source;
    for (const via of request.headers.via.slice(1)) {
      if (!this.#addresses.has(canonical(address))) break;
      const noted = notedIn(via);
      if (noted === undefined) break;
      address = noted;
    }
    return address;
  }
}

function notedIn({ host, params: { received } }: Via): string | undefined {
  const address = bareHost(received ?? host);
  return isIP(address) === 0 ? undefined : address;
}

/** The one SIP address; of several, or what is none, nothing. */
function assertedIn({ request }: Sender): string | undefined {
  const uri = parseNameAddr(textHeader(request, "p-asserted-identity") ?? "")?.uri;
  return uri !== undefined && isSipUri(uri) ? aorOf(uri) : undefined;
}

/** Two ways of writing one IPv6 address are one. */
function canonical(address: string): string {
  return isIP(address) === 6 ? new URL(`http://[${address}]`).hostname : address;
}
