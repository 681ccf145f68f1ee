/** A message of a trace, read only as far as a person wants to see it. */
import type { Traced } from "../sip/trace.ts";
import { formatUri, parseUri } from "../sip/uri.ts";
import type { XmlElement } from "../xml/strict.ts";

export type Tone = "request" | "provisional" | "success" | "redirect" | "failure";

/** What a ladder says of a message. */
export interface Summary {
  /** `INVITE sip:films@127.0.0.1:5080 sdp`, `200 OK (INVITE) sdp` */
  readonly words: string;
  readonly tone: Tone;
  readonly callId: string;
  readonly cseq: string;
  /** The `host:port` that the peer calls itself in the topmost Via, where that Via is the peer's. */
  readonly sentBy: string | undefined;
  /** What the sender says it is: `baresip`, `conference`. */
  readonly agent: string | undefined;
}

const MAX_URI_CHARS = 120;
const MAX_HEAD_CHARS = 16_384;

/** The content of an Event Trace, or undefined when it is not one of ours. */
export function readTraced({ name, attributes, children }: XmlElement): Traced | undefined {
  const { at = "", dir, transport, local = "", peer = "" } = attributes;
  const [data] = children;
  if (name !== "Trace" || !data || (dir !== "in" && dir !== "out") || !isTransport(transport)) {
    return undefined;
  }
  const bytes = Buffer.from(data.text, "base64");
  const where = { local: addressOf(local), peer: addressOf(peer) };
  return { at: new Date(at), direction: dir, transport, ...where, bytes };
}

const TRANSPORTS: readonly unknown[] = ["UDP", "TCP", "TLS", "WS", "WSS"];
const isTransport = (value: unknown): value is Traced["transport"] => TRANSPORTS.includes(value);

function addressOf(text: string): Traced["peer"] {
  const [, address = "", port = "0"] = /^\[?(.*?)\]?:(\d+)$/.exec(text) ?? [];
  return { address, port: Number(port) };
}

/** Never throws: what cannot be read is left out. */
export function summarize({ bytes, direction }: Traced): Summary {
  const text = Buffer.from(bytes).toString("utf8");
  const [head = "", body = ""] = text.split(/\r\n\r\n/, 2);
  const [start = "", ...lines] = head.slice(0, MAX_HEAD_CHARS).split("\r\n");
  const header = (...names: string[]) => fieldOf(lines, names);
  const cseq = header("cseq");
  const status = /^SIP\/2\.0 (\d{3}) ?(.*)$/.exec(start);
  const isPeers = (direction === "in") === (status === null);
  const kind = body === "" ? "" : ` ${bodyKind(header("content-type", "c"))}`;
  const common = { callId: header("call-id", "i"), cseq };
  const via = /^SIP\s*\/\s*2\.0\s*\/\s*\w+\s+([^\s;,]+)/i.exec(header("via", "v"))?.[1];
  const told = {
    sentBy: isPeers && via !== undefined ? withPort(via) : undefined,
    agent: agentOf(header("user-agent", "server")) ?? focusOf(header("contact", "m")),
  };
  if (status) {
    const [, code = "", reason = ""] = status;
    const method = cseq.replace(/^\d+\s+/, "");
    return { words: `${code} ${reason} (${method})${kind}`, tone: toneOf(Number(code)), ...common, ...told };
  }
  const [method = "", uri = ""] = start.split(" ");
  return { words: `${method} ${publicUri(uri)}${kind}`, tone: "request", ...common, ...told };
}

function fieldOf(lines: readonly string[], names: readonly string[]): string {
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (names.includes(line.slice(0, colon).trim().toLowerCase())) return line.slice(colon + 1).trim();
  }
  return "";
}

/** How an answer is to be taken. */
export function toneOf(status: number): Tone {
  if (status < 200) return "provisional";
  if (status < 300) return "success";
  return status < 400 ? "redirect" : "failure";
}

/** The kind of body in a word: `sdp`, `conference-info+xml`. */
function bodyKind(type: string): string {
  const [plain = ""] = type.split(";");
  return (
    plain
      .slice(plain.indexOf("/") + 1)
      .trim()
      .toLowerCase() || "body"
  );
}

function publicUri(text: string): string {
  const uri = parseUri(text);
  if (!uri) return text.slice(0, MAX_URI_CHARS);
  const { headers: _headers, user, ...rest } = uri;
  const [name] = user?.split(":") ?? [];
  const shown = { ...rest, params: {}, ...(name === undefined ? {} : { user: name }) };
  return formatUri(shown).slice(0, MAX_URI_CHARS);
}

function withPort(sentBy: string): string {
  return /:\d+$/.test(sentBy) && !/^[^[]*:.*:/.test(sentBy) ? sentBy : `${sentBy}:5060`;
}

/** A party whose Contact says isfocus is a conference (RFC 4579 §4). */
function focusOf(contact: string): string | undefined {
  return /;\s*isfocus\b/i.test(contact) ? "conference" : undefined;
}

/** `baresip v1.0.0 (x86_64/linux)` is a baresip, `Partyline conference` the conference. */
function agentOf(header: string): string | undefined {
  return /^(?:partyline )?([A-Za-z][\w.-]{1,30})/i.exec(header)?.[1]?.toLowerCase();
}
