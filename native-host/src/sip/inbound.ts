/** From bytes to messages: what comes in is counted, cut, checked and only then handed to the stack. */
import { textOf } from "./bytes.ts";
import { type Codec, decode, type Printable } from "./codec.ts";
import { checkHead, type Echo, readEcho } from "./head-check.ts";
import { type Limits, RateLimit } from "./limits.ts";
import type { Hop, SipMessage, SipRequest, Via } from "./message.ts";
import { stableTag } from "./response.ts";
import { SipError } from "./sip-error.ts";
import type { Frame } from "./transport/framer.ts";
import { bareHost, formatNameAddr, parseNameAddr } from "./uri.ts";

export interface InboundOptions {
  readonly codec: Codec;
  readonly limits: Limits;
  onMessage(message: SipMessage, source: Hop): void;
  /** A message that failed the check but says where its answer goes. */
  onRefusal(refusal: Printable, via: Via, source: Hop): void;
  onError(error: Error): void;
}

const CR = 13;
const LF = 10;
const HEAD_END = "\r\n\r\n";

export class Inbound {
  readonly #options: InboundOptions;
  readonly #rate: RateLimit;

  constructor(options: InboundOptions) {
    this.#options = options;
    this.#rate = new RateLimit(options.limits);
  }

  datagram(bytes: Buffer, source: Hop): void {
    // Nobody can be answered on port 0; whoever writes it is forging.
    if (source.port === 0) return;
    let start = 0;
    while (bytes[start] === CR || bytes[start] === LF) start++;
    if (start === bytes.length || !this.#rate.admit(source.address)) return;
    const message = bytes.subarray(start);
    const { headBytes } = this.#options.limits;
    const end = message.indexOf(HEAD_END, 0, "latin1");
    if (end < 0 || end > headBytes) {
      this.#refuse(message.subarray(0, headBytes), new SipError(400, "Head Too Long"), source);
      return;
    }
    this.#read(message.subarray(0, end), message.subarray(end + HEAD_END.length), source);
  }

  /** Returns false when the connection cannot go on. */
  frame(frame: Frame, source: Hop): boolean {
    if (frame.name === "ping") return true;
    if (!this.#rate.admit(source.address)) return false;
    if (frame.name === "message") {
      this.#read(frame.head, frame.body, source);
      return true;
    }
    this.#refuse(frame.head, new SipError(frame.status, frame.reason), source);
    return false;
  }

  #read(head: Buffer, rest: Buffer, source: Hop): void {
    try {
      const { codec, limits, onMessage } = this.#options;
      const checked = checkHead(textOf(head), limits);
      const length = checked.contentLength ?? rest.length;
      if (length > rest.length) throw new SipError(400, "Body Shorter Than content-length");
      // What follows the body in a datagram is not ours to read (RFC 3261 §18.3).
      const message = decode(codec, checked, rest.subarray(0, length));
      if ("method" in message) stamp(message, source);
      onMessage(message, source);
    } catch (fault) {
      if (fault instanceof SipError) this.#refuse(head, fault, source);
      else this.#options.onError(new Error("message not handled", { cause: fault }));
    }
  }

  #refuse(head: Buffer, fault: SipError, source: Hop): void {
    const echo = readEcho(textOf(head));
    const via = echo?.via[0];
    if (!echo || !via || echo.method === "ACK") return;
    this.#options.onRefusal(refusalOf(echo, fault, source), via, source);
  }
}

/** Where the request really came from, for the way back (RFC 3261 §18.2.1, RFC 3581 §4). */
function stamp({ headers }: SipRequest, source: Hop): void {
  const [top, ...others] = headers.via;
  if (top) headers.via = [stamped(top, source), ...others];
}

function stamped(via: Via, source: Hop): Via {
  const asked = "rport" in via.params;
  if (!asked && bareHost(via.host) === source.address) return via;
  const rport = asked ? { rport: String(source.port) } : {};
  return { ...via, params: { ...via.params, received: source.address, ...rport } };
}

function refusalOf(echo: Echo, fault: SipError, source: Hop): Printable {
  const [top, ...others] = echo.via;
  return {
    status: fault.status,
    reason: fault.reason,
    headers: {
      via: top ? [stamped(top, source), ...others] : [],
      from: echo.from,
      to: taggedTo(echo),
      "call-id": echo.callId,
      cseq: echo.cseq,
    },
    content: "",
  };
}

function taggedTo(echo: Echo): string {
  const to = parseNameAddr(echo.to);
  if (!to || to.params["tag"]) return echo.to;
  const tag = stableTag(`${echo.callId} ${echo.cseq} ${echo.from}`);
  return formatNameAddr({ ...to, params: { ...to.params, tag } });
}
