/** MESSAGE: a text by itself, outside a call or inside one (RFC 3428). */
import type { Core } from "./core.ts";
import { extraHeaders, mediaType, parseParameters } from "./header-values.ts";
import type { ExtraHeaders, Leg } from "./leg.ts";
import {
  type Hop,
  type NameAddr,
  type SipHeaders,
  type SipRequest,
  type SipResponse,
  type SipUri,
  textHeader,
} from "./message.ts";
import { SipError } from "./sip-error.ts";
import type { ServerTransaction } from "./stack.ts";
import { formatNameAddr, isSipUri, parseUri } from "./uri.ts";

/** A text that came; exactly one of accept and reject. */
export interface IncomingMessage {
  readonly request: SipRequest;
  readonly from: NameAddr;
  readonly target: SipUri;
  /** Plain text, as UTF-8 said it. */
  readonly text: string;
  /** The call in whose dialog it came. */
  readonly leg: Leg | undefined;
  readonly source: Hop;
  /** 200: the user has it; 202: it is kept or passed on (RFC 3428 §7). */
  accept(status?: 200 | 202): void;
  reject(status: number, reason?: string, headers?: ExtraHeaders): void;
}

export interface MessageOptions {
  readonly content: string;
  /** `text/plain` when missing. */
  readonly type?: string;
  readonly from?: { readonly name?: string; readonly uri: SipUri };
  readonly headers?: ExtraHeaders;
  readonly timeoutMs?: number;
}

/** Longer ones may be cut up by a network that drops the pieces (RFC 3428 §8), bytes. */
const LONGEST = 1300;

/** What the stack adds on the way: a Via of its own with branch and rport, Content-Length. */
const VIA = 160;

const PLAIN = "text/plain";

/** Sends the text; resolves with the 2xx. Throws SipError: 513 when it is too long for a way that may include UDP. */
export async function sendMessage(
  core: Core,
  target: SipUri,
  { content, type = PLAIN, from, headers, timeoutMs }: MessageOptions,
): Promise<SipResponse> {
  const request = core.first("MESSAGE", target, {
    from: from && { ...from, params: {} },
    headers: extraHeaders(headers),
    body: { type: type === PLAIN ? "text/plain;charset=UTF-8" : type, content },
  });
  if (!isReliablyReached(request) && sizeOf(request) > LONGEST) throw new SipError(513, "Message Too Large");
  const response = await core.exchange(request, { timeoutMs });
  if (response.status >= 300) throw new SipError(response.status, response.reason, { response });
  return response;
}

/** Whether the first hop is on a connection by its URI. */
function isReliablyReached({ uri, headers }: SipRequest): boolean {
  const next = parseUri(headers.route?.[0]?.uri ?? uri);
  return next?.scheme === "sips" || /^(?:tcp|tls|ws|wss)$/i.test(next?.params["transport"] ?? "");
}

/** Close to the bytes of the request on the wire, and never below them. */
function sizeOf({ method, uri, headers, content }: SipRequest): number {
  const start = `${method} ${uri} SIP/2.0\r\n`;
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${lineOf(value)}\r\n`);
  return VIA + Buffer.byteLength(`${start}${lines.join("")}\r\n${content}`);
}

function lineOf(value: SipHeaders[string]): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(lineOf).join(", ");
  return isNameAddr(value) ? formatNameAddr(value) : JSON.stringify(value);
}

function isNameAddr(value: unknown): value is NameAddr {
  return typeof value === "object" && value !== null && "uri" in value && "params" in value;
}

/** Reads the MESSAGE and hands it to `onMessage`, or refuses one that is no plain text. */
export function receiveMessage(
  core: Core,
  transaction: ServerTransaction,
  onMessage: (message: IncomingMessage) => void,
  leg?: Leg,
): void {
  const { request, source } = transaction;
  if (!isPlainText(request)) {
    core.respond(transaction, 415, { headers: { accept: PLAIN, "accept-encoding": "identity" } });
    return;
  }
  let open = true;
  const answer = (status: number, reason?: string, headers?: ExtraHeaders) => {
    if (open) core.respond(transaction, status, { reason, headers: extraHeaders(headers) });
    open = false;
  };
  const target = isSipUri(request.uri) ? request.uri : core.address;
  const message: IncomingMessage = {
    request,
    from: request.headers.from,
    target,
    text: request.content,
    leg,
    source,
    accept: (status = 200) => answer(status),
    reject: answer,
  };
  try {
    onMessage(message);
  } catch (error) {
    answer(core.statusOf(error));
  }
}

function isPlainText(request: SipRequest): boolean {
  const { params } = parseParameters(textHeader(request, "content-type") ?? "");
  const charset = params.get("charset") ?? "utf-8";
  return mediaType(request) === PLAIN && /^(?:utf-8|us-ascii)$/i.test(charset);
}
