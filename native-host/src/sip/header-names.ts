/** What each header is by name: its long form, whether it may come twice, and how its value is read (RFC 3261 §7.3, §20). */
import type { CSeq } from "./message.ts";
import { isToken } from "./params.ts";

/** Compact forms of RFC 3261 §7.3.3 and of RFC 3515, 3841, 3892, 4028, 4474 and 6665. */
const LONG_NAMES: Readonly<Record<string, string>> = {
  a: "accept-contact",
  b: "referred-by",
  c: "content-type",
  d: "request-disposition",
  e: "content-encoding",
  f: "from",
  i: "call-id",
  j: "reject-contact",
  k: "supported",
  l: "content-length",
  m: "contact",
  o: "event",
  r: "refer-to",
  s: "subject",
  t: "to",
  u: "allow-events",
  v: "via",
  x: "session-expires",
  y: "identity",
};

const ONCE = new Set([
  "call-id",
  "content-length",
  "content-type",
  "cseq",
  "event",
  "expires",
  "from",
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

const CSEQ = /^(\d{1,10})\s+(\S+)$/;
/** The largest sequence number is 2^31 - 1 (RFC 3261 §8.1.1.5). */
const MAX_SEQ = 2 ** 31 - 1;

/** Lower case and long, whatever was written. */
export function longName(written: string): string {
  const lower = written.toLowerCase();
  return written.length === 1 ? (LONG_NAMES[lower] ?? lower) : lower;
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
