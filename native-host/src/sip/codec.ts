/** Checked heads to messages and messages to bytes; headers without rules of ours by way of npm `sip`. */
import { splitAuth } from "./auth-header.ts";
import { bytesOf, textOf } from "./bytes.ts";
import { type CheckedHead, checkHead } from "./head-check.ts";
import { wireName } from "./header-names.ts";
import { DEFAULT_LIMITS, type Limits } from "./limits.ts";
import type { NameAddr, SipHeaders, SipMessage, SipResponse, Via } from "./message.ts";
import { hasControl, isSafeName } from "./params.ts";
import { SipError } from "./sip-error.ts";
import { formatNameAddr } from "./uri.ts";
import { formatVia } from "./via.ts";

/** The two functions of npm `sip` we use, as stack.ts hands them in. */
export interface Codec {
  parse(text: string): unknown;
  stringify(message: object): string;
}

/** Headers that are more than a text; we read them from the checked head. */
const STRUCTURED = new Set([
  "call-id",
  "contact",
  "content-length",
  "cseq",
  "from",
  "record-route",
  "route",
  "to",
  "via",
]);

/**
 * A message out of a head that passed the check. Headers we know stand in it as they were checked; the codec gets what it
 * knows of the others. Throws SipError 400 when it cannot read them.
 */
export function decode(codec: Codec, head: CheckedHead, body: Buffer): SipMessage {
  const { start, fields, contact, route, recordRoute } = head;
  const headers: SipHeaders = {
    via: head.via,
    from: head.from,
    to: head.to,
    "call-id": fields.get("call-id") ?? "",
    cseq: head.cseq,
  };
  if (contact !== undefined) headers.contact = contact;
  if (route) headers.route = route;
  if (recordRoute) headers["record-route"] = recordRoute;
  const strange = addKnown(headers, fields);
  if (strange !== "") Object.assign(headers, parseStrange(codec, strange));
  const content = body.length === 0 ? "" : textOf(body);
  return start.name === "request"
    ? { method: start.method, uri: start.uri, headers, content }
    : { status: start.status, reason: start.reason, headers, content };
}

/** Returns the lines of the others; names with a % stay with us, for the codec would unescape them. */
function addKnown(headers: SipHeaders, fields: ReadonlyMap<string, string>): string {
  let strange = "";
  for (const [name, value] of fields) {
    if (STRUCTURED.has(name)) continue;
    if (wireName(name) !== undefined || name.includes("%")) headers[name] = value;
    else strange += `${name}: ${value}\r\n`;
  }
  return strange;
}

function parseStrange(codec: Codec, lines: string): Record<string, string> {
  const parsed = codec.parse(`SIP/2.0 200 OK\r\n${lines}\r\n`);
  if (!isParsed(parsed)) throw new SipError(400, "Bad Request");
  return parsed.headers;
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
  return bytesOf(write(codec, message).join(""));
}

/** The same as text, for `bytesOf` to make bytes of; the body apart, since many messages have the same large one. */
export function write(codec: Codec, message: Printable): readonly [head: string, body: string] {
  const { content } = message;
  const length = content === "" ? 0 : bytesIn(content);
  return [`${headOf(codec, message)}Content-Length: ${length}\r\n\r\n`, content];
}

function bytesIn(content: string): number {
  return content.isWellFormed() ? Buffer.byteLength(content) : bytesOf(content).length;
}

/** What we write may be larger than what we let others send. */
const NO_LIMITS: Limits = { ...DEFAULT_LIMITS, lineBytes: 1 << 20, headers: 1 << 20, bodyBytes: 1 << 30 };

/** The message of which `write` made this text. Throws SipError where it cannot be read. */
export function readBack(codec: Codec, text: string): SipMessage {
  const end = text.indexOf(HEAD_END);
  const head = checkHead(text.slice(0, end), NO_LIMITS);
  return { ...decode(codec, head, Buffer.alloc(0)), content: text.slice(end + HEAD_END.length) };
}

const HEAD_END = "\r\n\r\n";

function headOf(codec: Codec, message: Printable): string {
  const { via, cseq } = message.headers;
  let text = startLine(message);
  for (const hop of via) text += viaLine(hop);
  for (const name of Object.keys(message.headers)) {
    const value = PRINTED_APART.has(name) ? undefined : message.headers[name];
    if (value !== undefined) text += lines(codec, name, oneLine(textOfValue(value)));
  }
  const order = typeof cseq === "string" ? oneLine(cseq) : `${cseq.seq} ${oneWord(cseq.method)}`;
  return `${text}CSeq: ${order}\r\n`;
}

const PRINTED_APART = new Set(["via", "cseq", "content-length"]);

function startLine(message: Printable): string {
  if ("method" in message) return `${oneLine(message.method)} ${oneWord(message.uri)} SIP/2.0\r\n`;
  return `SIP/2.0 ${message.status} ${oneLine(message.reason)}\r\n`;
}

function viaLine(via: Via): string {
  oneWord(via.host);
  oneWord(via.protocol);
  return `Via: ${oneLine(formatVia(via))}\r\n`;
}

/** Several challenges or credentials in one line would be one to many peers: these headers are never joined (§7.3.1). */
function lines(codec: Codec, name: string, value: string): string {
  if (!name.endsWith("authenticate") && !name.endsWith("authorization")) return line(codec, name, value);
  return splitAuth(value)
    .map((one) => line(codec, name, one))
    .join("");
}

function line(codec: Codec, name: string, value: string): string {
  const written = wireName(name);
  return written === undefined ? strangeLine(codec, name, value) : `${written}: ${value}\r\n`;
}

const BEFORE = "SIP/2.0 200 OK\r\n";
const AFTER = "Content-Length: 0\r\n\r\n";

/** A header we do not know, as the codec writes it. */
function strangeLine(codec: Codec, name: string, value: string): string {
  if (!isSafeName(name)) throw new SipError(503, "Unsafe Header Name");
  const text = codec.stringify({ status: 200, reason: "OK", headers: { [name]: value }, content: "" });
  return text.slice(BEFORE.length, -AFTER.length);
}

function textOfValue(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "number") return String(value);
  if (Array.isArray(value)) return value.map(textOfValue).join(", ");
  if (isNameAddr(value)) {
    oneWord(value.uri);
    return formatNameAddr(value);
  }
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
