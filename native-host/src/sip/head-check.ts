/** Reads a message head strictly before the codec sees it; what fails here never reaches the codec (RFC 3261 §7, §8.2). */
import { longName, mayRepeat, parseCSeq, readName, unfold } from "./header-names.ts";
import type { Limits } from "./limits.ts";
import type { CSeq, NameAddr, Via } from "./message.ts";
import { hasControl } from "./params.ts";
import { SipError } from "./sip-error.ts";
import { parseNameAddr, parseNameAddrs, parseUri } from "./uri.ts";
import { parseVia } from "./via.ts";

export type StartLine =
  | { readonly name: "request"; readonly method: string; readonly uri: string }
  | { readonly name: "response"; readonly status: number; readonly reason: string };

export interface CheckedHead {
  readonly start: StartLine;
  /** Every header by its long name, values of one name joined by ", ". */
  readonly fields: ReadonlyMap<string, string>;
  readonly via: readonly Via[];
  readonly from: NameAddr;
  readonly to: NameAddr;
  readonly cseq: CSeq;
  readonly contact: readonly NameAddr[] | "*" | undefined;
  readonly route: readonly NameAddr[] | undefined;
  readonly recordRoute: readonly NameAddr[] | undefined;
  readonly contentLength: number | undefined;
}

const REQUEST_LINE = /^([\w\-.!%*+`'~]+) ([^\s<>"]+) SIP\/(\d+\.\d+)$/;
const STATUS_LINE = /^SIP\/2\.0 ([1-6]\d\d)(?: (.*))?$/;
const WHITESPACE_RUN = /[ \t]{64}/;
const MUCH_SPACE = " ".repeat(64);
const [TAB, LF, CR, SPACE, DEL] = [9, 10, 13, 32, 127];

/** Throws SipError with the status to answer and a reason that names the fault. */
export function checkHead(head: string, limits: Limits): CheckedHead {
  const suspicious = head.length > limits.lineBytes || !isPlain(head);
  const text = suspicious ? unfold(head) : head;
  const end = lineEnd(text, 0);
  if (end > limits.lineBytes) throw bad("Start Line Too Long");
  const start = readStartLine(text.slice(0, end));
  if (suspicious) checkLines(text.split("\r\n").slice(1), limits);
  const fields = readFields(text, end + CRLF.length, limits);
  const cseq = parseCSeq(required(fields, "cseq"));
  if (!cseq || (start.name === "request" && cseq.method !== start.method)) throw bad("Bad CSeq");
  required(fields, "call-id");
  return {
    start,
    fields,
    cseq,
    via: readWith(parseVia, fields, "via") ?? [],
    from: oneAddress(fields, "from"),
    to: oneAddress(fields, "to"),
    contact: fields.get("contact") === "*" ? "*" : optional(fields, "contact"),
    route: optional(fields, "route"),
    recordRoute: optional(fields, "record-route"),
    contentLength: readLength(fields, limits),
  };
}

function bad(fault: string): SipError {
  return new SipError(400, fault);
}

function readStartLine(line: string): StartLine {
  if (hasControl(line)) throw bad("Control Character");
  const [, digits, reason = ""] = STATUS_LINE.exec(line) ?? [];
  if (digits !== undefined) return { name: "response", status: Number(digits), reason };
  const [, method, uri, version] = REQUEST_LINE.exec(line) ?? [];
  if (method === undefined || uri === undefined) throw bad("Bad Request Line");
  if (version !== "2.0") throw new SipError(505, "Version Not Supported");
  if (/^sips?:/i.test(uri) && !parseUri(uri)) throw bad("Bad Request-URI");
  return { name: "request", method, uri };
}

/** Whether there is nothing but printable text and CRLFs in it, no folded line, no tab and not much space. */
function isPlain(head: string): boolean {
  for (let at = 0; at < head.length; at++) {
    const code = head.charCodeAt(at);
    if (code >= SPACE && code !== DEL) continue;
    if (code !== CR || head.charCodeAt(at + 1) !== LF) return false;
    const next = head.charCodeAt(at + 2);
    if (next === SPACE || next === TAB) return false;
    at++;
  }
  return !head.includes(MUCH_SPACE);
}

function checkLines(lines: readonly string[], limits: Limits): void {
  for (const line of lines) {
    if (line.length > limits.lineBytes) throw bad("Header Too Long");
    if (hasControl(line)) throw bad("Control Character");
    if (WHITESPACE_RUN.test(line)) throw bad("Too Much White Space");
  }
}

const CRLF = "\r\n";

/** Where the line that begins at `from` ends. */
function lineEnd(text: string, from: number): number {
  const end = text.indexOf(CRLF, from);
  return end < 0 ? text.length : end;
}

/** The lines from `begin` on. */
function readFields(text: string, begin: number, limits: Limits): Map<string, string> {
  const fields = new Map<string, string>();
  let count = 0;
  for (let at = begin; at <= text.length; count++) {
    if (count === limits.headers) throw bad("Too Many Headers");
    const end = lineEnd(text, at);
    addField(fields, text, at, end);
    at = end + CRLF.length;
  }
  return fields;
}

/** The line from `begin` to `end`. */
function addField(fields: Map<string, string>, text: string, begin: number, end: number): void {
  const colon = text.indexOf(":", begin);
  const name = colon <= begin || colon >= end ? undefined : readName(text.slice(begin, colon).trimEnd());
  if (name === undefined) throw bad("Bad Header Name");
  const value = text.slice(colon + 1, end).trim();
  const before = fields.get(name);
  if (before !== undefined && !mayRepeat(name)) throw bad(`Duplicate ${name}`);
  fields.set(name, before === undefined ? value : `${before}, ${value}`);
}

function required(fields: ReadonlyMap<string, string>, name: string): string {
  const value = fields.get(name);
  if (!value) throw bad(`Missing ${name}`);
  return value;
}

function readWith<Value>(
  parse: (text: string) => Value | undefined,
  fields: ReadonlyMap<string, string>,
  name: string,
): Value {
  const value = parse(required(fields, name));
  if (value === undefined) throw bad(`Bad ${name}`);
  return value;
}

function oneAddress(fields: ReadonlyMap<string, string>, name: string): NameAddr {
  return readWith(parseNameAddr, fields, name);
}

function optional(fields: ReadonlyMap<string, string>, name: string): readonly NameAddr[] | undefined {
  return fields.has(name) ? readWith(parseNameAddrs, fields, name) : undefined;
}

function readLength(fields: ReadonlyMap<string, string>, limits: Limits): number | undefined {
  const text = fields.get("content-length");
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw bad("Bad content-length");
  if (Number(text) > limits.bodyBytes) throw new SipError(513, "Message Too Large");
  return Number(text);
}

/** What a refusal must repeat of a head that failed the check: enough to find its way back, or undefined. */
export interface Echo {
  readonly method: string;
  readonly via: readonly Via[];
  readonly from: string;
  readonly to: string;
  readonly callId: string;
  readonly cseq: string;
}

/** The Via must be right; From, To, Call-ID and CSeq are repeated as they came (RFC 3261 §8.2.6.2). */
export function readEcho(head: string): Echo | undefined {
  const [first = "", ...lines] = unfold(head).slice(0, ECHO_CHARS).split("\r\n");
  const fields = new Map<string, string>();
  for (const line of lines.slice(0, ECHO_LINES)) addEcho(fields, line);
  const via = parseVia(fields.get("via") ?? "");
  const text = (name: string) => fields.get(name) ?? "";
  const echo = { from: text("from"), to: text("to"), callId: text("call-id"), cseq: text("cseq") };
  const method = /^\S+/.exec(first)?.[0] ?? "";
  if (!via || Object.values(echo).includes("") || method.startsWith("SIP/")) return undefined;
  return { method, via, ...echo };
}

const ECHO_CHARS = 65_536;
const ECHO_LINES = 1000;
const ECHOED = new Set(["via", "from", "to", "call-id", "cseq"]);

function addEcho(fields: Map<string, string>, line: string): void {
  const colon = line.indexOf(":");
  const name = longName(line.slice(0, Math.max(colon, 0)).trimEnd());
  const value = line.slice(colon + 1).trim();
  if (!ECHOED.has(name) || hasControl(value) || value.length > 4096) return;
  const before = fields.get(name);
  if (before === undefined) fields.set(name, value);
  else if (name === "via") fields.set(name, `${before}, ${value}`);
}
