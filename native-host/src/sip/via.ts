/** The Via header: the way a response goes back (RFC 3261 §20.42, RFC 3581). */
import type { Via } from "./message.ts";
import { formatParams, readParams, splitOutside } from "./params.ts";
import { remembering } from "./remember.ts";
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
  const parts = splitOutside(text, ";");
  const sent = parseSent(parts[0] ?? "");
  const params = sent && readParams(parts);
  return params && { ...sent, params };
}

type Sent = Omit<Via, "params">;

/** `SIP/2.0/UDP host:port` */
const parseSent = remembering((text: string): Sent | undefined => {
  const [, version, protocol, sentBy] = SENT.exec(text.trim()) ?? [];
  if (version === undefined || protocol === undefined || sentBy === undefined) return undefined;
  const end = parseHostPort(sentBy.replace(/\s*:\s*(?=\d+$)/, ":").trim());
  return end && Object.freeze({ version, protocol: protocol.toUpperCase(), ...end });
});

/** `SIP/2.0/UDP host:port;branch=…` */
export function formatVia(via: Via): string {
  const port = via.port === undefined ? "" : `:${via.port}`;
  return `SIP/${via.version}/${via.protocol} ${via.host}${port}${formatParams(via.params)}`;
}

/** `host:port` of the element that sent the request, as transactions compare it (RFC 3261 §17.2.3). */
export function sentBy(via: Via): string {
  return `${bareHost(via.host).toLowerCase()}:${via.port ?? 5060}`;
}
