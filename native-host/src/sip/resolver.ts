/** From a SIP URI to the address a request goes to: literal addresses, localhost and host names (RFC 3263 §4.1, §4.2). */
import { lookup } from "node:dns/promises";
import { isIPv6 } from "node:net";
import type { Hop, SipRequest } from "./message.ts";
import { SipError } from "./sip-error.ts";
import { hostPort, isLiteral, parseUri, type Uri } from "./uri.ts";

export interface Target {
  readonly hop: Hop;
  /** Whether the URI named the transport; if not, a large request may go another way (RFC 3261 §18.1.1). */
  readonly named: boolean;
}

export type Lookup = (host: string, family: 4 | 6) => Promise<string>;

export const systemLookup: Lookup = async (host, family) => (await lookup(host, { family })).address;

/** The URI a request is sent to: its first Route, else the request URI (RFC 3261 §8.1.2). */
export function nextUri(request: SipRequest): string {
  return request.headers.route?.[0]?.uri ?? request.uri;
}

/** At once for literal addresses. Throws, or rejects with, SipError 503 when we cannot send there. */
export function resolve(text: string, family: 4 | 6, find: Lookup): Target | Promise<Target> {
  const uri = parseUri(text);
  if (!uri) throw new SipError(503, "Bad Target");
  const { host, port } = hostPort(uri);
  const protocol = protocolOf(uri);
  const named = uri.params["transport"] !== undefined;
  const at = (address: string): Target => ({ hop: { protocol, address, port }, named });
  if (isLiteral(host)) {
    if (isIPv6(host) !== (family === 6)) throw new SipError(503, "No Route To Address Family");
    return at(host);
  }
  if (host === "localhost") return at(family === 6 ? "::1" : "127.0.0.1");
  return find(host, family).then(at, (cause: unknown) => {
    throw new SipError(503, "Host Not Found", { cause });
  });
}

function protocolOf(uri: Uri): Hop["protocol"] {
  if (uri.scheme === "sips") throw new SipError(503, "TLS Not Available");
  if (uri.scheme !== "sip") throw new SipError(503, "Unsupported URI Scheme");
  const transport = (uri.params["transport"] ?? "udp").toLowerCase();
  if (transport === "tcp") return "TCP";
  if (transport === "udp") return "UDP";
  throw new SipError(503, "Transport Not Available");
}
