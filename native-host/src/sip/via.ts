/** The Via header: the way a response goes back (RFC 3261 §20.42, RFC 3581). */
import type { Via } from "./message.ts";
import { formatParams, readParams, splitOutside } from "./params.ts";
import { bareHost, parseHostPort } from "./uri.ts";

const SENT = /^SIP\s*\/\s*(\d+\.\d+)\s*\/\s*([\w\-.!%*+`'~]+)\s+(\S.*)$/is;

/** All hops of one Via header value, topmost first; undefined when one of them is malformed. */
export function parseVia(text: string): Via[] | undefined {
  const hops: Via[] = [];
  for (const part of splitOutside(text, ",")) {
    const via = parseOne(part);
    if (!via) return undefined;
    hops.push(via);
  }
  return hops;
}

function parseOne(text: string): Via | undefined {
  const [head = "", ...parts] = splitOutside(text, ";");
  const [, version, protocol, sentBy] = SENT.exec(head.trim()) ?? [];
  if (version === undefined || protocol === undefined || sentBy === undefined) return undefined;
  const end = parseHostPort(sentBy.replace(/\s*:\s*(?=\d+$)/, ":").trim());
  const params = readParams(parts);
  return end && params && { version, protocol: protocol.toUpperCase(), ...end, params };
}

/** `SIP/2.0/UDP host:port;branch=…` */
export function formatVia(via: Via): string {
  const port = via.port === undefined ? "" : `:${via.port}`;
  return `SIP/${via.version}/${via.protocol} ${via.host}${port}${formatParams(via.params)}`;
}

/** `host:port` of the element that sent the request, as transactions compare it (RFC 3261 §17.2.3). */
export function sentBy(via: Via): string {
  return `${bareHost(via.host).toLowerCase()}:${via.port ?? 5060}`;
}
