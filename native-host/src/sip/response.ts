/** Responses made from a request: by an owner, by the stack itself, or in place of a peer that did not answer (RFC 3261 §8.2.6). */
import { createHmac, randomBytes } from "node:crypto";
import type { NameAddr, SipHeaders, SipMessage, SipRequest, SipResponse } from "./message.ts";

const REASONS: Readonly<Record<number, string>> = {
  100: "Trying",
  180: "Ringing",
  181: "Call Is Being Forwarded",
  182: "Queued",
  183: "Session Progress",
  200: "OK",
  202: "Accepted",
  301: "Moved Permanently",
  302: "Moved Temporarily",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  407: "Proxy Authentication Required",
  408: "Request Timeout",
  410: "Gone",
  413: "Request Entity Too Large",
  415: "Unsupported Media Type",
  416: "Unsupported URI Scheme",
  420: "Bad Extension",
  421: "Extension Required",
  423: "Interval Too Brief",
  469: "Bad Info Package",
  480: "Temporarily Unavailable",
  481: "Call/Transaction Does Not Exist",
  482: "Loop Detected",
  483: "Too Many Hops",
  484: "Address Incomplete",
  485: "Ambiguous",
  486: "Busy Here",
  487: "Request Terminated",
  488: "Not Acceptable Here",
  489: "Bad Event",
  491: "Request Pending",
  493: "Undecipherable",
  500: "Server Internal Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Server Time-out",
  505: "Version Not Supported",
  513: "Message Too Large",
  600: "Busy Everywhere",
  603: "Decline",
  604: "Does Not Exist Anywhere",
  606: "Not Acceptable",
};

/** The usual words for a status (RFC 3261 §21). */
export function reasonOf(status: number): string {
  return REASONS[status] ?? REASONS[Math.floor(status / 100) * 100] ?? "Unknown";
}

/** What a response may have besides its status. */
export interface ResponseParts {
  readonly reason?: string | undefined;
  readonly headers?: Partial<SipHeaders> | undefined;
  readonly content?: string | undefined;
}

/** A response that repeats what it must of the request (messages are values: nobody changes them). A To tag is the owner's duty. */
export function buildResponse(request: SipRequest, status: number, parts: ResponseParts = {}): SipResponse {
  const { via, from, to, cseq, "call-id": callId } = request.headers;
  const recordRoute = status > 100 && status < 300 ? request.headers["record-route"] : undefined;
  const headers: SipHeaders = {
    via,
    from,
    to,
    "call-id": callId,
    cseq,
  };
  if (recordRoute) headers["record-route"] = recordRoute;
  return {
    status,
    reason: parts.reason ?? reasonOf(status),
    headers: Object.assign(headers, parts.headers),
    content: parts.content ?? "",
  };
}

type Extras = [reason?: string | undefined, headers?: Partial<SipHeaders> | undefined, content?: string];

/** `buildResponse` with its parts in a row, as owners write it most often. */
export function makeResponse(request: SipRequest, status: number, ...extras: Extras): SipResponse {
  const [reason, headers, content] = extras;
  return buildResponse(request, status, { reason, headers, content });
}

const local = new WeakSet<SipMessage>();

/** A response nobody sent: 408 for a timeout, 503 for a transport failure, 487 for a cancel before anything was sent. */
export function makeUp(request: SipRequest, status: number, reason?: string): SipResponse {
  const response = buildResponse(request, status, { reason });
  local.add(response);
  return response;
}

/** Whether the stack made this response up because no peer answered. */
export function isMadeUp(response: SipResponse): boolean {
  return local.has(response);
}

const secret = randomBytes(16);

/** The To of a response the stack itself answers: the same tag for the same request, without remembering it (§8.2.7). */
export function withTag(to: NameAddr, seed: string): NameAddr {
  if (to.params["tag"]) return to;
  return { ...to, params: { ...to.params, tag: stableTag(seed) } };
}

export function stableTag(seed: string): string {
  return createHmac("sha256", secret).update(seed).digest("hex").slice(0, 16);
}
