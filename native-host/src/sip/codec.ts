/** Checked heads to messages and messages to bytes, by way of npm `sip`'s parse and stringify. */
import { bytesOf, textOf } from "./bytes.ts";
import type { CheckedHead } from "./head-check.ts";
import type { NameAddr, SipHeaders, SipMessage, SipResponse, Via } from "./message.ts";
import { formatParams, hasControl, isSafeName } from "./params.ts";
import { SipError } from "./sip-error.ts";
import { formatNameAddr } from "./uri.ts";

/** The two functions of npm `sip` we use, as stack.ts hands them in. */
export interface Codec {
  parse(text: string): unknown;
  stringify(message: object): string;
}

/** Headers the codec would take apart in its own way, or get wrong; we read them from the checked head instead. */
const OURS = new Set([
  "authentication-info",
  "authorization",
  "contact",
  "content-length",
  "cseq",
  "from",
  "path",
  "proxy-authenticate",
  "proxy-authorization",
  "record-route",
  "refer-to",
  "route",
  "to",
  "via",
  "www-authenticate",
]);
const STRUCTURED = new Set([
  "contact",
  "content-length",
  "cseq",
  "from",
  "record-route",
  "route",
  "to",
  "via",
]);

/** A message out of a head that passed the check. Throws SipError 400 when the codec cannot read it all the same. */
export function decode(codec: Codec, head: CheckedHead, body: Buffer): SipMessage {
  const headers: SipHeaders = {
    via: head.via,
    from: head.from,
    to: head.to,
    "call-id": head.fields.get("call-id") ?? "",
    cseq: head.cseq,
  };
  if (head.contact !== undefined) headers.contact = head.contact;
  if (head.route) headers.route = head.route;
  if (head.recordRoute) headers["record-route"] = head.recordRoute;
  for (const [name, value] of head.fields) {
    if (OURS.has(name) && !STRUCTURED.has(name)) headers[name] = value;
  }
  Object.assign(headers, parsePlain(codec, head));
  const content = textOf(body);
  const { start } = head;
  return start.name === "request"
    ? { method: start.method, uri: start.uri, headers, content }
    : { status: start.status, reason: start.reason, headers, content };
}

/** Plain headers through the codec; names with a % stay with us, for the codec would unescape them. */
function parsePlain(codec: Codec, head: CheckedHead): Record<string, string> {
  const { start, fields } = head;
  const plain: Record<string, string> = {};
  let text = start.name === "request" ? "OPTIONS sip:h SIP/2.0\r\n" : "SIP/2.0 200 OK\r\n";
  for (const [name, value] of fields) {
    if (name.includes("%")) plain[name] = value;
    else if (!OURS.has(name)) text += `${name}: ${value}\r\n`;
  }
  const parsed = codec.parse(`${text}\r\n`);
  if (!isParsed(parsed)) throw new SipError(400, "Bad Request");
  return Object.assign(plain, parsed.headers);
}

function isParsed(value: unknown): value is { headers: Record<string, string> } {
  return typeof value === "object" && value !== null && "headers" in value;
}

/** A message to print; a refusal repeats headers it could not read as the text they came as. */
export type Printable = SipMessage | (Omit<SipResponse, "headers"> & { readonly headers: RawHeaders });

export interface RawHeaders {
  readonly via: readonly Via[];
  readonly cseq: string;
  readonly [name: string]: unknown;
}

/** The bytes of a message. Throws SipError 503 when a part of it has a control character, such as CR, LF or NUL. */
export function encode(codec: Codec, message: Printable): Buffer {
  const body = bytesOf(message.content);
  // The codec counts characters, so it gets one character for each byte of the body.
  const content = body.toString("latin1");
  const text = codec.stringify({ ...startOf(message), headers: textHeaders(message.headers), content });
  return Buffer.concat([bytesOf(text.slice(0, text.length - content.length)), body]);
}

function startOf(message: Printable): object {
  if ("method" in message) {
    return { method: oneLine(message.method), uri: oneWord(message.uri) };
  }
  return { status: message.status, reason: oneLine(message.reason) };
}

function textHeaders(headers: SipHeaders | RawHeaders): Record<string, unknown> {
  const { via, cseq, ...others } = headers;
  const out: Record<string, unknown> = { via: via.map(checkedVia) };
  for (const [name, value] of Object.entries(others)) {
    if (value === undefined || name === "content-length") continue;
    if (!isSafeName(name)) throw new SipError(503, "Unsafe Header Name");
    out[name] = oneLine(textOfValue(value));
  }
  out["cseq"] = typeof cseq === "string" ? oneLine(cseq) : { seq: cseq.seq, method: oneWord(cseq.method) };
  return out;
}

function checkedVia(via: Via): Via {
  oneWord(via.host);
  oneWord(via.protocol);
  oneLine(formatParams(via.params));
  return via;
}

function textOfValue(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "number") return String(value);
  if (Array.isArray(value)) return value.map(textOfValue).join(", ");
  if (isNameAddr(value)) return formatNameAddr({ ...value, uri: oneWord(value.uri) });
  throw new SipError(503, "Unsafe Header Value");
}

function isNameAddr(value: unknown): value is NameAddr {
  return typeof value === "object" && value !== null && "uri" in value && "params" in value;
}

function oneLine(text: string): string {
  if (hasControl(text)) throw new SipError(503, "Control Character In Header");
  return text;
}

function oneWord(text: string): string {
  if (text === "" || /[\s<>\0]/.test(text)) throw new SipError(503, "White Space In Address");
  return text;
}
