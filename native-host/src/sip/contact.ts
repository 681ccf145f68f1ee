/** Where others reach us, said in the transport they hear us by (RFC 3261 §8.1.1.8 and §12.1.1, RFC 7118 §5.2). */
import type { SipRequest, SipUri, Transport } from "./message.ts";
import type { ServerTransaction, Stack } from "./stack.ts";
import { parseUri } from "./uri.ts";

/** How a Contact is reached. */
export interface Reach {
  readonly transport: Transport;
  /** Whether all the way is to be encrypted: a sips: URI. */
  readonly secure: boolean;
}

const TRANSPORTS: ReadonlyMap<string, Transport> = new Map([
  ["tcp", "TCP"],
  ["tls", "TLS"],
  ["ws", "WS"],
  ["wss", "WSS"],
]);

/** For a first request: `next` is the URI of its first hop. */
export function reachToward(target: string, next: string): Reach {
  const secure = isSips(target) || isSips(next);
  const transport = transportOf(next) ?? "UDP";
  return { transport: isSips(next) ? encrypted(transport) : transport, secure };
}

/** For a response that begins a dialog. */
export function reachBack({ request, source }: ServerTransaction): Reach {
  const back = firstHopOf(request);
  // A large request took TCP by itself; that says nothing about the rest of the dialog.
  const byChance =
    source.protocol === "TCP" && ![request.uri, back].some((uri) => transportOf(uri) === "TCP");
  return { transport: byChance ? "UDP" : source.protocol, secure: isSips(request.uri) || isSips(back) };
}

/** Our URI for this user, if any. Plain UDP needs no saying, as large requests take TCP by themselves. */
export function contactUri(stack: Pick<Stack, "sentBy">, user: string | undefined, reach: Reach): SipUri {
  const transport = reach.secure ? encrypted(reach.transport) : reach.transport;
  const place = stack.sentBy(transport);
  const who = `${user === undefined ? "" : `${user}@`}${place}`;
  if (reach.secure) return `sips:${who}${transport === "WSS" ? ";transport=ws" : ""}`;
  if (transport === "UDP") return `sip:${who}`;
  // A secure WebSocket of ours is known by nothing but the connection; one that listens has to be told from others.
  const name = transport === "WSS" && place.endsWith(".invalid") ? "ws" : transport.toLowerCase();
  return `sip:${who};transport=${name}`;
}

function firstHopOf({ headers }: SipRequest): string {
  const contact = headers.contact === "*" ? undefined : headers.contact?.[0];
  return headers["record-route"]?.[0]?.uri ?? contact?.uri ?? "";
}

function transportOf(uri: string): Transport | undefined {
  return TRANSPORTS.get(parseUri(uri)?.params["transport"]?.toLowerCase() ?? "");
}

function encrypted(transport: Transport): Transport {
  return transport === "WS" || transport === "WSS" ? "WSS" : "TLS";
}

function isSips(uri: string): boolean {
  return /^sips:/i.test(uri);
}
