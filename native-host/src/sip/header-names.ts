/** What each header is by name: its long form, whether it may come twice, and how its value is read (RFC 3261 §7.3, §20). */
import type { CSeq } from "./message.ts";
import { isSafeName, isToken } from "./params.ts";

/** Compact forms of RFC 3261 §7.3.3 and of RFC 3515, 3841, 3892, 4028, 4474 and 6665. */
const LONG_NAMES: Readonly<Record<string, string>> = {
  a: "Accept-Contact",
  b: "Referred-By",
  c: "Content-Type",
  d: "Request-Disposition",
  e: "Content-Encoding",
  f: "From",
  i: "Call-ID",
  j: "Reject-Contact",
  k: "Supported",
  l: "Content-Length",
  m: "Contact",
  o: "Event",
  r: "Refer-To",
  s: "Subject",
  t: "To",
  u: "Allow-Events",
  v: "Via",
  x: "Session-Expires",
  y: "Identity",
};

/** The other headers we read and write without the codec, as they are written. */
const OTHERS =
  `Accept Accept-Encoding Accept-Language Alert-Info Allow Authentication-Info Authorization Call-Info
  Content-Disposition CSeq Date Error-Info Expires Flow-Timer History-Info Info-Package Join Max-Breadth Max-Forwards MIME-Version Min-Expires Min-SE
  Organization P-Asserted-Identity P-Preferred-Identity Path Priority Privacy Proxy-Authenticate Proxy-Authorization Proxy-Require RAck Reason Record-Route
  Recv-Info Refer-Sub Replaces Require Retry-After Route RSeq Server Service-Route SIP-ETag SIP-If-Match
  Subscription-State Target-Dialog Timestamp Unsupported User-Agent Warning WWW-Authenticate`.split(/\s+/);

const ONCE = new Set([
  "call-id",
  "content-length",
  "content-type",
  "cseq",
  "event",
  "expires",
  "from",
  "join",
  "max-forwards",
  "min-expires",
  "refer-to",
  "referred-by",
  "replaces",
  "session-expires",
  "subscription-state",
  "target-dialog",
  "to",
]);

/** From the usual ways to write a name to the name. */
const WRITTEN = new Map<string, string>();
/** From the name to how we write it. */
const WIRE = new Map<string, string>();
for (const name of [...Object.values(LONG_NAMES), ...OTHERS]) {
  WIRE.set(name.toLowerCase(), name);
  for (const written of [name, name.toLowerCase(), name.toUpperCase()])
    WRITTEN.set(written, name.toLowerCase());
}
for (const [letter, name] of Object.entries(LONG_NAMES)) {
  for (const written of [letter, letter.toUpperCase()]) WRITTEN.set(written, name.toLowerCase());
}

const CSEQ = /^(\d{1,10})\s+(\S+)$/;
/** The largest sequence number is 2^31 - 1 (RFC 3261 §8.1.1.5). */
const MAX_SEQ = 2 ** 31 - 1;

/** Lower case and long, whatever was written. */
export function longName(written: string): string {
  return WRITTEN.get(written) ?? written.toLowerCase();
}

/** The same; undefined for what may not name a header. */
export function readName(written: string): string | undefined {
  return WRITTEN.get(written) ?? (isSafeName(written) ? longName(written) : undefined);
}

/** How a header is written, by its long name; undefined for those that we leave to the codec. */
export function wireName(name: string): string | undefined {
  return WIRE.get(name);
}

export function mayRepeat(name: string): boolean {
  return !ONCE.has(name);
}

/** The head on one line per header (RFC 3261 §7.3.1). */
export function unfold(head: string): string {
  return head.replace(/[ \t]*\r\n[ \t]+/g, " ");
}

export function parseCSeq(text: string): CSeq | undefined {
  const [, digits, method] = CSEQ.exec(text) ?? [];
  const seq = Number(digits);
  return method !== undefined && isToken(method) && seq <= MAX_SEQ ? { seq, method } : undefined;
}
