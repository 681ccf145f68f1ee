/** The copy of a request that goes to one target, complete but for our Via (RFC 3261 §16.6). */

import { optionTags } from "#sip/header-values.ts";
import type { Hop, NameAddr, SipHeaders, SipRequest, Transport } from "#sip/message.ts";
import { isReliable, textHeader } from "#sip/message.ts";
import { ownAddress } from "#sip/transport/address.ts";
import { bareHost, bracketed, hostPort, isLiteral, parseUri } from "#sip/uri.ts";
import type { DialogMark } from "./relay-rule.ts";
import type { Target } from "./routing.ts";

/** Where we are reached by each transport: what a Record-Route needs to say. */
export interface OwnAddress {
  /** As it stands in a URI. */
  readonly host: string;
  readonly ports: Readonly<Partial<Record<Transport, number>>>;
}

/** One request and where it goes; without a hop by its first Route or its URI. */
export interface Copy {
  readonly request: SipRequest;
  readonly hop?: Hop | undefined;
}

/** One side of us that a dialog's messages go through. */
interface Side {
  readonly protocol: Transport;
  readonly ipv6: boolean;
  readonly flow: Hop | undefined;
}

/** A request without Max-Forwards gets this many hops (RFC 3261 §16.6 step 3). */
const MAX_FORWARDS = 70;

/** Requests that begin a dialog whose later requests must come through us as well (RFC 3261 §16.6 step 4). */
const BEGINS_DIALOG = new Set(["INVITE", "SUBSCRIBE", "REFER"]);

const TRANSPORT_PARAM: Readonly<Record<Transport, string>> = {
  UDP: "",
  TCP: ";transport=tcp",
  TLS: ";transport=tls",
  WS: ";transport=ws",
  WSS: ";transport=ws",
};
const BY_PARAM: Readonly<Record<string, Transport>> = { tcp: "TCP", tls: "TLS", ws: "WS", wss: "WSS" };

export class Forwarding {
  readonly #own: OwnAddress;
  readonly #marks: DialogMark;

  constructor(own: OwnAddress, marks: DialogMark) {
    this.#own = own;
    this.#marks = marks;
  }

  /** For a request that came from `source`; it may become no more than `breadth` requests further on (RFC 5393 §5.3). */
  copy(request: SipRequest, target: Target, source: Hop, breadth: number): Copy {
    const hops = Number(textHeader(request, "max-forwards") ?? MAX_FORWARDS + 1) - 1;
    const headers: SipHeaders = {
      ...request.headers,
      "max-forwards": String(hops),
      "max-breadth": String(breadth),
    };
    if (target.path) headers.route = [...target.path, ...(request.headers.route ?? [])];
    const next = headers.route?.[0]?.uri ?? target.uri;
    if (BEGINS_DIALOG.has(request.method) && !request.headers.to.params["tag"]) {
      const own = this.#recordRoute(request, source, { uri: next, flow: target.flow });
      headers["record-route"] = [...own, ...(request.headers["record-route"] ?? [])];
    }
    if (request.method === "REGISTER") Object.assign(headers, this.#path(request, source));
    return { request: { ...request, uri: target.uri, headers }, hop: target.path ? undefined : target.flow };
  }

  /** A phone that registers elsewhere is to be reached over the connection it has to us (RFC 5626 §5.1, RFC 3327 §5.2). */
  #path(request: SipRequest, source: Hop): Partial<SipHeaders> {
    if (!callerNeedsFlow(request, source) || !optionTags(request, "supported").has("path")) return {};
    const secure = request.uri.startsWith("sips:");
    const own = this.#ownUri(this.#marks.ofPath(source), sideOf(source, true), secure);
    return { path: `<${own};ob>` };
  }

  /**
   * One for both sides of us where they are alike, else one for each, that of the callee on top (RFC 5658 §4). Who is
   * reached over a flow has it in the one of its side (RFC 5626 §5.2).
   */
  #recordRoute(request: SipRequest, source: Hop, next: { uri: string; flow: Hop | undefined }): NameAddr[] {
    const secure = next.uri.startsWith("sips:") || request.uri.startsWith("sips:");
    const caller = sideOf(source, callerNeedsFlow(request, source));
    const callee = next.flow ? sideOf(next.flow, true) : nextSide(next.uri, caller);
    const alike = caller.protocol === callee.protocol && caller.ipv6 === callee.ipv6;
    const sides = alike && !caller.flow && !callee.flow ? [caller] : [callee, caller];
    return sides.map((side) => ({
      uri: this.#ownRoute(request.headers["call-id"], side, secure),
      params: {},
    }));
  }

  #ownRoute(callId: string, side: Side, secure: boolean): string {
    return this.#ownUri(this.#marks.of(callId, side.flow), side, secure);
  }

  #ownUri(user: string, { protocol, ipv6 }: Side, secure: boolean): string {
    const { host, ports } = this.#own;
    const address = host.startsWith("[") === ipv6 ? host : bracketed(ownAddress(ipv6 ? "::1" : "127.0.0.1"));
    const port = ports[protocol] ?? ports.UDP;
    // sips says TLS by itself (RFC 3261 §26.2.2).
    const transport = secure && protocol === "TLS" ? "" : TRANSPORT_PARAM[protocol];
    return `${secure ? "sips" : "sip"}:${user}@${address}:${port}${transport};lr`;
  }
}

function sideOf(hop: Hop, needsFlow: boolean): Side {
  return { protocol: hop.protocol, ipv6: hop.address.includes(":"), flow: needsFlow ? hop : undefined };
}

/** As far as a URI tells it: a name that leads elsewhere by DNS is reached from all our sides alike. */
function nextSide(text: string, caller: Side): Side {
  const uri = parseUri(text);
  if (!uri) return caller;
  const param = uri.params["transport"]?.toLowerCase() ?? "";
  const named = BY_PARAM[param] ?? (uri.scheme === "sips" ? "TLS" : "UDP");
  const host = bareHost(uri.host);
  const ipv6 = isLiteral(host) ? host.includes(":") : caller.ipv6;
  return { protocol: uri.scheme === "sips" && named === "TCP" ? "TLS" : named, ipv6, flow: undefined };
}

/** Whether the caller is right before us and cannot be called at its Contact: behind a connection, or a NAT (RFC 5626 §5.1). */
function callerNeedsFlow({ headers }: SipRequest, source: Hop): boolean {
  if (headers.via.length !== 1) return false;
  if (isReliable(source.protocol)) return true;
  const contact = headers.contact === "*" ? undefined : headers.contact?.[0];
  const uri = contact && parseUri(contact.uri);
  if (!uri) return false;
  const { host, port } = hostPort(uri);
  return "ob" in uri.params || ((host !== source.address || port !== source.port) && isLiteral(host));
}
