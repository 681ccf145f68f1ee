/** The call flow as it happens: one line for each message, with arrows, and nothing secret in it. */
import type { Hop, SipMessage, Via } from "./message.ts";
import { textHeader } from "./message.ts";
import type { Trace } from "./outbound.ts";
import { bareHost, bracketed, formatUri, parseUri } from "./uri.ts";

/** Lines kept for whoever asks; the oldest go first. */
const KEPT_LINES = 10_000;
const MAX_URI_CHARS = 120;

/**
 * `12:00:01.234 alice -> conference: INVITE sip:films@127.0.0.1:5080 sdp`. Several stacks may write into one log:
 * a message between two of them is one line, written when it is sent.
 */
export class FlowLog {
  readonly lines: string[] = [];
  readonly #names: Readonly<Record<string, string>>;
  readonly #write: (line: string) => void;
  readonly #traced = new Set<string>();

  /** `names` maps "127.0.0.1:5080" to what to call it, and may grow while the log is in use. */
  constructor(names: Readonly<Record<string, string>> = {}, write: (line: string) => void = () => {}) {
    this.#names = names;
    this.#write = write;
  }

  /** The `onTrace` of the stack called `self`. */
  trace(self: string): Trace {
    this.#traced.add(self);
    return (direction, message, peer) => {
      const other = this.#nameOf(direction, message, peer);
      if (direction === "in" && this.#traced.has(other)) return;
      const [from, to] = direction === "in" ? [other, self] : [self, other];
      this.#add(`${clock(new Date())} ${from} -> ${to}: ${summary(message)}`);
    };
  }

  #add(line: string): void {
    const safe = printable(line);
    this.lines.push(safe);
    if (this.lines.length > KEPT_LINES) this.lines.shift();
    this.#write(safe);
  }

  /** On a TCP connection that the peer opened, its port says nothing; its Via does. */
  #nameOf(direction: "in" | "out", message: SipMessage, peer: Hop): string {
    const address = `${bracketed(peer.address)}:${peer.port}`;
    const sender = "method" in message === (direction === "in");
    const [via] = message.headers.via;
    const sentBy = sender && via ? addressOf(via) : address;
    return this.#names[address] ?? this.#names[sentBy] ?? address;
  }
}

function addressOf(via: Via): string {
  return `${bracketed(bareHost(via.host))}:${via.port ?? 5060}`;
}

function clock(now: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const ms = String(now.getMilliseconds()).padStart(3, "0");
  return `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}.${ms}`;
}

function summary(message: SipMessage): string {
  const start =
    "method" in message
      ? `${message.method} ${publicUri(message.uri)}`
      : `${message.status} ${message.reason} (${message.headers.cseq.method})`;
  return `${start}${bodyOf(message)}`;
}

/** Neither password nor parameters nor headers of a URI are anybody's business. */
function publicUri(text: string): string {
  const uri = parseUri(text);
  if (!uri) return text.slice(0, MAX_URI_CHARS);
  const { headers: _headers, user, ...rest } = uri;
  const [name] = user?.split(":") ?? [];
  const shown = formatUri({ ...rest, params: {}, ...(name === undefined ? {} : { user: name }) });
  return shown.slice(0, MAX_URI_CHARS);
}

/** The kind of body in a word: `sdp`, `conference-info+xml`. */
function bodyOf(message: SipMessage): string {
  if (message.content === "") return "";
  const [type = ""] = (textHeader(message, "content-type") ?? "body").split(";");
  return ` ${type
    .slice(type.indexOf("/") + 1)
    .trim()
    .toLowerCase()}`;
}

/** Control characters, line separators and turned writing as escapes: a message cannot write a line of its own. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, escapeChar);
}

function escapeChar(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
